//! Limits: how much of something a client may use, or that it may use any amount.
//!
//! No limit is never the absence of a value: it is written, and told at the start. Which setting uses which type is said in `rows`.

use std::{fmt, str::FromStr, time::Duration};

use crate::settings::{
    mistake::InvalidValue,
    values::{OFF, some_seconds, whole},
};

/// How long something may take.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use pulsar::settings::TimeLimit;
///
/// assert_eq!("1.5".parse(), Ok(TimeLimit::After(Duration::from_millis(1500))));
/// assert_eq!("unlimited".parse::<TimeLimit>()?.time(), None);
/// # Ok::<(), pulsar::settings::InvalidValue>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeLimit {
    /// This long; never zero when it comes from the loader.
    After(Duration),
    /// As long as it likes; written `unlimited`.
    Unlimited,
}

impl TimeLimit {
    /// A limit in whole seconds.
    pub(crate) const fn seconds(seconds: u64) -> Self {
        Self::After(Duration::from_secs(seconds))
    }

    /// The time, or `None` without a limit.
    pub const fn time(self) -> Option<Duration> {
        match self {
            Self::After(time) => Some(time),
            Self::Unlimited => None,
        }
    }
}

impl fmt::Display for TimeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(time) => time.as_secs_f64().fmt(f),
            Self::Unlimited => f.write_str(UNLIMITED),
        }
    }
}

impl FromStr for TimeLimit {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if text == UNLIMITED {
            return Ok(Self::Unlimited);
        }
        some_seconds(text)
            .map(Self::After)
            .map_err(|invalid| invalid.with_help("write seconds, such as `30` or `0.5`, or `unlimited`"))
    }
}

/// How many of something there may be.
///
/// # Examples
///
/// ```
/// use pulsar::settings::CountLimit;
///
/// assert_eq!("100".parse(), Ok(CountLimit::Most(100)));
/// assert_eq!("unlimited".parse::<CountLimit>()?.most(), None);
/// # Ok::<(), pulsar::settings::InvalidValue>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CountLimit {
    /// This many; never zero when it comes from the loader.
    Most(u64),
    /// Any number; written `unlimited`.
    Unlimited,
}

impl CountLimit {
    /// The number, or `None` without a limit.
    pub const fn most(self) -> Option<u64> {
        match self {
            Self::Most(most) => Some(most),
            Self::Unlimited => None,
        }
    }
}

impl fmt::Display for CountLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Most(most) => most.fmt(f),
            Self::Unlimited => f.write_str(UNLIMITED),
        }
    }
}

impl FromStr for CountLimit {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if text == UNLIMITED {
            return Ok(Self::Unlimited);
        }
        whole(text, 1, u64::from(u32::MAX))
            .map(Self::Most)
            .map_err(|invalid| invalid.with_help("write a number, or `unlimited`"))
    }
}

/// How many bytes there have to be in a second at least.
///
/// # Examples
///
/// ```
/// use pulsar::settings::MinRate;
///
/// assert_eq!("500".parse(), Ok(MinRate::BytesPerSecond(500)));
/// assert_eq!("off".parse::<MinRate>()?.bytes_per_second(), None);
/// # Ok::<(), pulsar::settings::InvalidValue>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MinRate {
    /// This many; never zero when it comes from the loader.
    BytesPerSecond(u32),
    /// Any number, none included; written `off`.
    Off,
}

impl MinRate {
    /// The number of bytes in a second, or `None` if slowness is no reason.
    pub const fn bytes_per_second(self) -> Option<u32> {
        match self {
            Self::BytesPerSecond(bytes) => Some(bytes),
            Self::Off => None,
        }
    }
}

impl fmt::Display for MinRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BytesPerSecond(bytes) => bytes.fmt(f),
            Self::Off => f.write_str(OFF),
        }
    }
}

impl FromStr for MinRate {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if text == OFF {
            return Ok(Self::Off);
        }
        whole(text, 1, u32::MAX)
            .map(Self::BytesPerSecond)
            .map_err(|invalid| invalid.with_help("write bytes per second, such as `500`, or `off`"))
    }
}

/// How no limit is written.
pub(super) const UNLIMITED: &str = "unlimited";
