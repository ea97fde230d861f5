/**
 * The newest event that changed an asset, as the live stream told it. The daemon rebuilds /lineage/status at most every 250 ms and
 * says which event its answer is true at: an answer older than this is shown and soon asked for again.
 */
export const seen = { assetEvent: 0 };

/** When to ask again for an answer that is true at `asOf`: milliseconds, or false for "when something happens". */
export const askAgain = (asOf: number | undefined) => asOf !== undefined && asOf < seen.assetEvent && 300;
