"""The shop's Python assets. Heavy libraries are imported where they are used: the module is imported to describe them too."""

import datetime
import os
import pathlib

from assetd import MaterializeResult, asset

import warehouse as raw_layer

HERE = pathlib.Path(__file__).resolve().parent
BAD_ROWS_SWITCH = HERE / "data" / "plant_bad_rows"
BAD_DAYS_SWITCH = HERE / "data" / "plant_bad_days"
DROP = HERE / "data" / "drop"


@asset(group="raw", kinds=["python", "duckdb"], owners=["team:platform"], uses={"warehouse": "write"}, retries={"max": 1, "delay": "5s"})
def raw_stripe_events(context, warehouse):
    """Webhook deliveries of a payment provider, loaded into the raw layer. However often it runs, each delivery is there once."""
    bad = bad_rows_wanted()
    if bad:
        context.log.warning("planting %d bad charges, as %s asks", bad, BAD_ROWS_SWITCH)
    bad_days = BAD_DAYS_SWITCH.read_text().split() if BAD_DAYS_SWITCH.exists() else []
    if bad_days:
        context.log.warning("planting invoices that cannot be read on %s, as %s asks", ", ".join(bad_days), BAD_DAYS_SWITCH)
    counts = raw_layer.load_events(warehouse.path, bad, bad_days)
    context.log.info("raw.stripe_events: %s", counts)
    return MaterializeResult(metadata={"row_count": counts.pop("rows"), **counts, "bad_rows_planted": bad, "bad_days_planted": len(bad_days)})


def bad_rows_wanted():
    """The number in the switch's file or in SHOP_PLANT_BAD_ROWS; 0 without them."""
    if BAD_ROWS_SWITCH.exists():
        return int(BAD_ROWS_SWITCH.read_text().strip() or 1)
    return int(os.environ.get("SHOP_PLANT_BAD_ROWS") or 0)


@asset(
    deps=["raw_stripe_events"], group="daily", kinds=["python", "duckdb"], owners=["team:platform"], uses={"warehouse": "write"},
    partitions={"daily": {"start": "2025-01-01", "end": "2026-01-01"}},  # as long as the feed lasts; without `end` each midnight adds a day
)
def events_by_day(context, warehouse):
    """The events of one day with what its invoices paid, made anew as a whole. A day with an amount that cannot be read fails."""
    begin, end = (utc(os.environ[name]) for name in ("ASSETD_WINDOW_START", "ASSETD_WINDOW_END"))
    events, paid = raw_layer.load_day(warehouse.path, context.partition_key, begin, end)
    context.log.info("%s: %d events, $%s paid", context.partition_key, events, paid)
    return MaterializeResult(metadata={"row_count": events, "paid_usd": float(paid)})


def utc(rfc3339):
    """As the warehouse writes it: UTC without its name."""
    return datetime.datetime.fromisoformat(rfc3339).astimezone(datetime.timezone.utc).replace(tzinfo=None)


@asset(group="raw", kinds=["python", "duckdb"], owners=["team:growth"], uses={"warehouse": "write"})
def ad_spend(context, warehouse):
    """What advertising cost, by day and channel: the files that marketing leaves in data/drop. A sensor asks for it when one arrives."""
    files = sorted(DROP.glob("*.csv"))
    rows = raw_layer.load_spend(warehouse.path, files)
    context.log.info("raw.ad_spend: %d rows of %d files", rows, len(files))
    return MaterializeResult(metadata={"row_count": rows, "files": len(files)})


@asset(deps=["bronze_stripe__events"], group="reports", kinds=["python"], owners=["team:platform"], uses={"warehouse": "read"})
def webhook_delivery_report(context, warehouse):
    """How punctual the payment provider's webhooks are, as a table per event type. It needs no charges, so bad ones don't stop it."""
    with raw_layer.connect(warehouse.path, read_only=True) as db:
        rows = db.execute("""
            select event_type, count(*), quantile_cont(epoch(received_at - created_at), 0.5),
                   count(*) filter (where epoch(received_at - created_at) > 3600)
            from bronze.bronze_stripe__events group by 1 order by 1
        """).fetchall()
    lines = ["| event | number | median delay (s) | late by more than an hour |", "|---|--:|--:|--:|"]
    lines += [f"| {kind} | {number} | {median:.1f} | {late} |" for kind, number, median, late in rows]
    report = HERE / "data" / "webhook_delivery_report.md"
    report.write_text("\n".join(["# Webhook deliveries", "", *lines, ""]), encoding="utf-8")
    return MaterializeResult(value=report, metadata={
        "events": sum(row[1] for row in rows), "late": sum(row[3] for row in rows), "report": {"type": "md", "raw_value": "\n".join(lines)}})


@asset(deps=["gold_customers"], group="ml", kinds=["python", "scikit-learn"], owners=["team:growth"], tags={"domain": "growth"}, uses={"warehouse": "read"})
def customer_churn_model(context, warehouse):
    """Predicts whether a customer ends the subscription, from tenure and total spend."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score, roc_auc_score
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    with raw_layer.connect(warehouse.path, read_only=True) as db:
        customers = db.execute("select tenure, total_spend, churned from gold.gold_customers order by customer_id").df()
    features = customers[["tenure", "total_spend"]].astype(float)
    train, test, train_churned, test_churned = train_test_split(features, customers["churned"], test_size=0.25, random_state=7)
    context.progress(0.3, f"training on {len(train)} customers")
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(train, train_churned)
    context.progress(0.9, "scoring")
    return MaterializeResult(value=model, metadata={
        "accuracy": accuracy_score(test_churned, model.predict(test)), "roc_auc": roc_auc_score(test_churned, model.predict_proba(test)[:, 1]),
        "trained_on": len(train), "tested_on": len(test), "churn_rate": float(customers["churned"].mean())})
