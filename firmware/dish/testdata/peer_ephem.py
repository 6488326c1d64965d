"""Sun outages by PyEphem, as a peer: reads "lat lon height sat_lon half_angle year" a line and writes for spring and
autumn "season peak separation start end days total" (Unix seconds, degrees), then the seconds it took on stderr.
It goes about it as the Go code does: bisection for the day, a parabola for the peak, a few steps for each edge."""
import math
import sys
import time

import ephem

DAY = 86400.0
UNIX = ephem.Date("1970/1/1 00:00:00")


def enu(lat, lon, height, sat_lon):
    a, f = 6378137.0, 1 / 298.257223563
    e2 = f * (2 - f)
    sb, cb, sl, cl = math.sin(lat), math.cos(lat), math.sin(lon), math.cos(lon)
    n = a / math.sqrt(1 - e2 * sb * sb)
    x, y, z = (n + height) * cb * cl, (n + height) * cb * sl, (n * (1 - e2) + height) * sb
    dx, dy, dz = 42164170 * math.cos(sat_lon) - x, 42164170 * math.sin(sat_lon) - y, -z
    e, k = -sl * dx + cl * dy, -sb * cl * dx - sb * sl * dy + cb * dz
    u = cb * cl * dx + cb * sl * dy + sb * dz
    r = math.sqrt(e * e + k * k + u * u)
    return (e / r, k / r, u / r), (dx / r, dy / r, dz / r)


class Station:
    def __init__(self, lat, lon, height, sat_lon, half):
        self.obs = ephem.Observer()
        self.obs.lat, self.obs.lon, self.obs.elevation, self.obs.pressure = math.radians(lat), math.radians(lon), height, 0
        self.to, sat = enu(math.radians(lat), math.radians(lon), height, math.radians(sat_lon))
        self.sat_dec, self.half, self.sun = math.asin(sat[2]), math.radians(half), ephem.Sun()
        self.hour = math.atan2(sat[1], sat[0])  # the satellite's longitude, as seen

    def away(self, t):
        self.obs.date = UNIX + t / DAY
        self.sun.compute(self.obs)
        ca = math.cos(self.sun.alt)
        e, n, u = ca * math.sin(self.sun.az), ca * math.cos(self.sun.az), math.sin(self.sun.alt)
        a, b, c = self.to
        return math.atan2(math.sqrt((n * c - u * b) ** 2 + (u * a - e * c) ** 2 + (e * b - n * a) ** 2), e * a + n * b + u * c)

    def conjunction(self, t):
        for _ in range(2):
            self.obs.date = UNIX + t / DAY
            self.sun.compute(self.obs)
            # hour angle of the Sun against the satellite's: east longitude of the Sun is ra - sidereal time + station
            ahead = math.remainder(self.sun.ra - self.obs.sidereal_time() + self.obs.lon - self.hour, 2 * math.pi)
            t += ahead / (2 * math.pi) * DAY / 1.0027379
        return t

    def peak(self, t):
        for _ in range(2):
            b, h, a = self.away(t - 60) ** 2, self.away(t) ** 2, self.away(t + 60) ** 2
            t += 60 * (b - a) / (2 * (b - 2 * h + a))
        return t, self.away(t)

    def edge(self, peak, least, side):
        rise = self.half**2 - least**2
        off = side * math.sqrt(rise) / (2 * math.pi * 1.0027379 / DAY)
        for _ in range(8):
            k = math.sqrt(rise / (self.away(peak + off) ** 2 - least**2))
            off *= k
            if abs(k - 1) < 1e-7:
                break
        return peak + off

    def season(self, low, high, falling):
        while high - low > DAY / 4:
            mid = (low + high) / 2
            self.obs.date = UNIX + mid / DAY
            self.sun.compute(self.obs)
            if (self.sun.dec < self.sat_dec) != falling:
                low = mid
            else:
                high = mid
        middle, days = self.conjunction(low), []
        for step in (DAY, -DAY):
            t = middle if step > 0 else middle - DAY
            while True:
                p, least = self.peak(self.conjunction(t))
                if least >= self.half:
                    break
                days.append((least, p, self.edge(p, least, -1), self.edge(p, least, 1)))
                t = p + step
        least, p, start, end = min(days)
        return p, math.degrees(least), start, end, len(days), sum(d[3] - d[2] for d in days)


began, out = None, []
rows = [[float(v) for v in line.split()] for line in sys.stdin]
began = time.perf_counter()
for lat, lon, height, sat_lon, half, year in rows:
    s = Station(lat, lon, height, sat_lon, half)
    for name, low, high in (("spring", "%d/1/1", "%d/6/20"), ("autumn", "%d/6/22", "%d/12/20")):
        low, high = ((ephem.Date(d % int(year)) - UNIX) * DAY for d in (low, high))
        out.append("%s %.3f %.6f %.3f %.3f %d %.3f" % ((name,) + s.season(low, high, name == "autumn")))
print(time.perf_counter() - began, file=sys.stderr)
print("\n".join(out))
