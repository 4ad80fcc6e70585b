const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const TIME = String.raw`(\d\d):(\d\d):(\d\d)`;
const IMF_FIXDATE = new RegExp(String.raw`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) (\w{3}) (\d{4}) ${TIME} GMT$`);
const RFC_850 = new RegExp(String.raw`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\d\d)-(\w{3})-(\d\d) ${TIME} GMT$`);
const ASCTIME = new RegExp(String.raw`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (\w{3}) ([ \d]\d) ${TIME} (\d{4})$`);

/**
 * Milliseconds since 1970 of a date in one of HTTP's three formats (RFC 9110, section 5.6.7); undefined for anything else, which
 * a recipient ignores. `now` (milliseconds) decides the century of a two-digit year.
 */
export function readHttpDate(text: string, now: number): number | undefined {
  const fixdate = IMF_FIXDATE.exec(text);
  if (fixdate !== null) {
    const [, day, month, year, ...time] = fixdate;
    return moment(Number(year), month, day, time);
  }
  const rfc850 = RFC_850.exec(text);
  if (rfc850 !== null) {
    const [, day, month, shortYear, ...time] = rfc850;
    const thisYear = new Date(now).getUTCFullYear();
    const year = thisYear - (thisYear % 100) + Number(shortYear);
    // A year more than 50 years ahead is one of the past.
    return moment(year > thisYear + 50 ? year - 100 : year, month, day, time);
  }
  const asctime = ASCTIME.exec(text);
  if (asctime === null) return undefined;
  const [, month, day, hour, minute, second, year] = asctime;
  return moment(Number(year), month, day, [hour, minute, second]);
}

function moment(
  year: number,
  monthName: string | undefined,
  dayText: string | undefined,
  time: readonly (string | undefined)[],
): number | undefined {
  const month = MONTHS.indexOf(monthName ?? '');
  const day = Number(dayText);
  const [hour = 0, minute = 0, second = 0] = time.map(Number);
  if (month < 0 || hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(Date.UTC(year, month, day, hour, minute, second));
  return date.getUTCMonth() === month || second === 60 ? date.getTime() : undefined;
}
