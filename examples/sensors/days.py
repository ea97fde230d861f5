"""A sensor's program: asks for each day of the last three once, and remembers the last one in its cursor."""

import datetime
import json
import sys

context = json.load(sys.stdin)
today = datetime.datetime.fromisoformat(context["now"].replace("Z", "+00:00")).date()
first = datetime.date.fromisoformat(context["cursor"]) + datetime.timedelta(days=1) if context["cursor"] else today - datetime.timedelta(days=2)
days = [(first + datetime.timedelta(days=n)).isoformat() for n in range((today - first).days + 1)]
print(f"{len(days)} days since {context['cursor']}", file=sys.stderr)
if days:
    print(json.dumps({"requests": [{"key": day, "tags": {"day": day}, "data": {"day": day}} for day in days], "cursor": days[-1]}))
else:
    print(json.dumps({"skip_reason": "today has been asked for"}))
