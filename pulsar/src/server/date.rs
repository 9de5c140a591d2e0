//! The calendar: from seconds to a date. Everything is in UTC: a local time would need the database of time zones.

use std::fmt;

/// A moment in UTC. Prints as RFC 3339 has it: `2026-11-25T23:00:00Z`.
pub(super) struct Date {
    pub(super) year: u64,
    pub(super) month: u64,
    pub(super) day: u64,
    pub(super) hour: u64,
    pub(super) minute: u64,
    pub(super) second: u64,
}

impl Date {
    /// The moment so many seconds after the beginning of 1970.
    pub(super) fn of(time: u64) -> Self {
        let (days, second) = (time / 86_400, time % 86_400);
        // Counted from 0000-03-01, so that a leap day ends its year and eras of 400 years are alike.
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        Self {
            year: era * 400 + year_of_era + u64::from(month <= 2),
            month,
            day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
            hour: second / 3_600,
            minute: second / 60 % 60,
            second: second % 60,
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second } = self;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_calendar() {
        for (time, year, month, day) in [
            (0, 1970, 1, 1),
            (951_782_400, 2000, 2, 29),
            (951_868_800, 2000, 3, 1),
            (1_735_603_200, 2024, 12, 31),
            (4_107_542_400, 2100, 3, 1),
        ] {
            let date = Date::of(time);
            assert_eq!((date.year, date.month, date.day), (year, month, day), "{time}");
        }
        assert_eq!(Date::of(951_782_461).to_string(), "2000-02-29T00:01:01Z");
    }
}
