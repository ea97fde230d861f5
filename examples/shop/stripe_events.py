"""Stripe-like webhook events: seeded, so that every run sees the same ones; with repeated deliveries and late arrivals."""

import datetime
import json
import random

SEED = 20250101
CUSTOMERS = 4_000
BEGIN = datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc)
DAYS = 365
PLANS = {"basic": 900, "plus": 2_900, "pro": 9_900}
COUNTRIES = ["DE", "FR", "GB", "IN", "US"]
BAD_AMOUNT = 250_000_000_00  # cents; the silver layer allows at most 1,000,000 dollars


def deliveries(plant_bad_rows=0, plant_bad_days=()):
    """Yields one row per webhook delivery: (delivery_id, event_id, event_type, attempt, created_at, received_at, payload).

    `plant_bad_rows` charges get an absurd amount, and what was paid by the invoices of `plant_bad_days` (as "2025-03-09") is no number:
    the same deliveries, another content.
    """
    rng = random.Random(SEED)
    bad = plant_bad_rows
    for event_id, event_type, created, subject in _events(rng):
        if bad > 0 and event_type == "charge.succeeded":
            subject = {**subject, "amount": BAD_AMOUNT}
            bad -= 1
        if event_type == "invoice.paid" and created.date().isoformat() in plant_bad_days:
            subject = {**subject, "amount_paid": "n/a"}
        payload = json.dumps(_envelope(event_id, event_type, created, subject))
        for attempt, received in enumerate(_arrivals(rng, created), start=1):
            yield f"{event_id}-{attempt}", event_id, event_type, attempt, created, received, payload


def _arrivals(rng, created):
    """When a delivery reaches us: mostly at once, 3 % late by up to four days, 4 % twice."""
    delay = rng.uniform(3_600, 4 * 86_400) if rng.random() < 0.03 else rng.uniform(0.2, 20)
    first = created + datetime.timedelta(seconds=delay)
    yield first
    if rng.random() < 0.04:
        yield first + datetime.timedelta(seconds=rng.uniform(5, 7_200))


def _envelope(event_id, event_type, created, subject):
    return {
        "id": event_id, "object": "event", "api_version": "2025-01-27", "created": int(created.timestamp()), "type": event_type, "livemode": True,
        "data": {"object": subject}, "request": {"id": "req_" + event_id[4:], "idempotency_key": None},
    }


def _events(rng):
    """Yields (event id, type, creation time, the object it is about), customer by customer."""
    number = 0
    for index in range(CUSTOMERS):
        for event_type, created, subject in _life(rng, f"cus_{index:06d}"):
            number += 1
            yield f"evt_{number:08d}", event_type, created, subject


def _life(rng, customer):
    """The events of one customer: sign-up, subscription, charges every two weeks or so, perhaps the end."""
    signed_up = BEGIN + datetime.timedelta(days=rng.uniform(0, DAYS - 120))
    plan = rng.choice(list(PLANS))
    email = f"{customer}@shop.example"
    loyalty = rng.random() + (0.25 if plan == "pro" else 0)
    end = signed_up + datetime.timedelta(days=rng.expovariate(1 / (60 + 500 * loyalty)))
    horizon = BEGIN + datetime.timedelta(days=DAYS)
    country = rng.choice(COUNTRIES)
    yield "customer.created", signed_up, {"id": customer, "object": "customer", "email": email, "address": {"country": country}}
    subscription = {"id": "sub_" + customer[4:], "object": "subscription", "customer": customer, "plan": {"id": plan, "amount": PLANS[plan]}}
    yield "customer.subscription.created", signed_up + datetime.timedelta(minutes=1), subscription
    now, number = signed_up + datetime.timedelta(hours=1), 0
    while now < min(end, horizon):
        number += 1
        yield from _purchase(rng, customer, email, country, now, number, loyalty, plan)
        now += datetime.timedelta(days=rng.uniform(8, 18))
    if end < horizon:
        yield "customer.subscription.deleted", end, {**subscription, "canceled_at": int(end.timestamp())}


def _purchase(rng, customer, email, country, now, number, loyalty, plan):
    """One charge, which may fail or be refunded, and its invoice."""
    amount = int(PLANS[plan] * rng.uniform(0.5, 1.5) * (0.5 + loyalty))
    charge = {
        "id": f"ch_{customer[4:]}_{number:04d}", "object": "charge", "amount": amount, "currency": "usd", "customer": customer,
        "created": int(now.timestamp()), "billing_details": {"email": email, "address": {"country": country}},
        "payment_method_details": {"type": "card", "card": {"brand": rng.choice(["visa", "mastercard"]), "last4": f"{rng.randrange(10_000):04d}"}},
    }
    if rng.random() < 0.06:
        yield "charge.failed", now, {**charge, "failure_code": "card_declined"}
        return
    yield "charge.succeeded", now, charge
    yield "invoice.paid", now + datetime.timedelta(seconds=3), {
        "id": f"in_{customer[4:]}_{number:04d}", "object": "invoice", "customer": customer, "charge": charge["id"], "amount_paid": amount,
        "lines": {"data": [{"amount": amount, "description": plan, "quantity": 1}]},
    }
    if rng.random() < 0.02:
        yield "charge.refunded", now + datetime.timedelta(days=rng.uniform(1, 20)), {**charge, "amount_refunded": amount}
