/** A mute as far as it decides what is left out: with no end until somebody ends it. */
interface Mute { until: string | null }

/** Whether what starts by itself then leaves the asset out. */
export const leavesOut = (mute: Mute | null, at: number) => mute !== null && (mute.until === null || at < Date.parse(mute.until));

/** The first of these times at which the asset is made; undefined: it is muted at all of them. */
export const firstMade = (mute: Mute | null, times: string[]) => times.find((at) => !leavesOut(mute, Date.parse(at)));
