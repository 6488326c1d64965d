# The days of every event of a calendar file, by python-icalendar and dateutil: an opinion that shares no code
# with ours. Reads the file from standard input; prints "UID local-start" lines between the two dates of the
# command line, and "UID title" lines that begin with "=".
import datetime
import sys

import icalendar
from dateutil import rrule

low, high = (datetime.datetime.fromisoformat(a) for a in sys.argv[1:3])


def local(t, zone):
    if t.tzinfo is not None and zone is not None and t.utcoffset() == datetime.timedelta(0):
        t = t.astimezone(zone)
    return t.replace(tzinfo=None)


def dates(event, name, zone):
    found = event.get(name, [])
    for prop in found if isinstance(found, list) else [found]:
        for d in prop.dts:
            yield local(d.dt, zone)


for event in icalendar.Calendar.from_ical(sys.stdin.buffer.read()).walk("VEVENT"):
    start = event["DTSTART"].dt
    zone, start = start.tzinfo, start.replace(tzinfo=None)
    every = rrule.rruleset()
    if "RRULE" in event:
        rule = event["RRULE"]
        rule["UNTIL"] = [local(u, zone).strftime("%Y%m%dT%H%M%S") for u in rule.get("UNTIL", [])]
        if not rule["UNTIL"]:
            del rule["UNTIL"]
        text = ";".join("%s=%s" % (k, ",".join(str(v) for v in vs)) for k, vs in rule.items())
        every.rrule(rrule.rrulestr(text, dtstart=start))
    else:
        every.rdate(start)
    for t in dates(event, "RDATE", zone):
        every.rdate(t)
    for t in dates(event, "EXDATE", zone):
        every.exdate(t)
    print("=", event["UID"], event["SUMMARY"])
    for t in every.between(low, high, inc=True):
        print(event["UID"], t.isoformat())
