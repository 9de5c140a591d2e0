//! The types of single settings, and how their values are read from text.
//!
//! One type or reader per kind of value; which setting uses which is said in `rows`. The rule it keeps: every reader refuses
//! what it does not understand, with a message that says what it does.

use std::{fmt, num::NonZeroUsize, path::PathBuf, str::FromStr, thread, time::Duration};

use tracing_subscriber::EnvFilter;

use crate::settings::mistake::{InvalidValue, nearest};

/// How many threads run the handlers that are plain functions.
///
/// # Examples
///
/// ```
/// use pulsar::settings::PoolSize;
///
/// assert!(PoolSize::Auto.threads() >= 4);
/// assert_eq!("16".parse::<PoolSize>()?.threads(), 16);
/// # Ok::<(), pulsar::settings::InvalidValue>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PoolSize {
    /// Two for each processor that the process may use, at least 4; written `auto`.
    #[default]
    Auto,
    /// As many as this.
    Threads(NonZeroUsize),
}

impl PoolSize {
    /// The number of threads on this machine.
    pub fn threads(self) -> usize {
        match self {
            PoolSize::Auto => {
                thread::available_parallelism().map_or(4, |processors| (2 * processors.get()).max(4))
            }
            PoolSize::Threads(threads) => threads.get(),
        }
    }
}

impl fmt::Display for PoolSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PoolSize::Auto => f.write_str("auto"),
            PoolSize::Threads(threads) => threads.fmt(f),
        }
    }
}

impl FromStr for PoolSize {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if text == "auto" {
            return Ok(PoolSize::Auto);
        }
        match whole(text, 1, 4096).ok().and_then(NonZeroUsize::new) {
            Some(threads) => Ok(PoolSize::Threads(threads)),
            None => Err(InvalidValue::new(format!(
                "`{text}` is neither `auto` nor a whole number from 1 to 4096"
            ))),
        }
    }
}

/// A limit in bytes, such as the longest request body that is read.
///
/// # Examples
///
/// ```
/// use pulsar::settings::BodyLimit;
///
/// let limit: BodyLimit = "8 MiB".parse()?;
/// assert_eq!(limit.bytes(), Some(8 * 1024 * 1024));
/// assert_eq!(limit, "8m".parse()?);
/// assert_eq!("unlimited".parse::<BodyLimit>()?.bytes(), None);
/// # Ok::<(), pulsar::settings::InvalidValue>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BodyLimit {
    /// This many bytes.
    Bytes(u64),
    /// As long as the client likes; written `unlimited`.
    Unlimited,
}

impl BodyLimit {
    /// The number of bytes, or `None` without a limit.
    pub fn bytes(self) -> Option<u64> {
        match self {
            BodyLimit::Bytes(bytes) => Some(bytes),
            BodyLimit::Unlimited => None,
        }
    }
}

impl Default for BodyLimit {
    /// 8 MiB.
    fn default() -> Self {
        BodyLimit::Bytes(8 << 20)
    }
}

impl fmt::Display for BodyLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            BodyLimit::Unlimited => f.write_str("unlimited"),
            BodyLimit::Bytes(bytes) => f.write_str(&show_bytes(bytes)),
        }
    }
}

impl FromStr for BodyLimit {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if text == "unlimited" {
            return Ok(BodyLimit::Unlimited);
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let shift = match unit.trim_start().to_ascii_lowercase().as_str() {
            "" | "b" => 0,
            "k" | "kib" => 10,
            "m" | "mib" => 20,
            "g" | "gib" => 30,
            "kb" | "mb" | "gb" if !number.is_empty() => {
                return Err(InvalidValue::new(format!("`{text}` could mean steps of 1000 or of 1024"))
                    .with_help("write `KiB`, `MiB` or `GiB` for steps of 1024, or the number of bytes"));
            }
            _ => return Err(not_bytes(text)),
        };
        if number.is_empty() {
            return Err(not_bytes(text));
        }
        match number.parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift)) {
            Some(bytes) => Ok(BodyLimit::Bytes(bytes)),
            None => Err(InvalidValue::new(format!("`{text}` is more bytes than a machine can count"))
                .with_help("write `unlimited` if no limit is meant")),
        }
    }
}

/// What is logged: one level for everything, or directives such as `info,hyper=warn`.
///
/// # Examples
///
/// ```
/// use pulsar::settings::LogLevel;
///
/// assert_eq!("info,hyper=warn".parse::<LogLevel>()?.directives(), "info,hyper=warn");
/// let error = "inof".parse::<LogLevel>().unwrap_err();
/// assert_eq!(error.help(), Some("did you mean `info`?"));
/// # Ok::<(), pulsar::settings::InvalidValue>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LogLevel(String);

impl LogLevel {
    /// The text, which `tracing_subscriber::EnvFilter` accepts.
    pub fn directives(&self) -> &str {
        &self.0
    }
}

impl Default for LogLevel {
    /// `info`.
    fn default() -> Self {
        LogLevel("info".into())
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for LogLevel {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if text.trim().is_empty() {
            return Err(
                InvalidValue::new("the level is empty").with_help(format!("write one of {}", list(LEVELS)))
            );
        }
        // The filter would take `inof` for a module whose every line is wanted. Directives with `[` may have commas
        // and spans inside and are left to the filter.
        if !text.contains('[') {
            for part in text.split(',').map(str::trim).filter(|part| !part.contains('=')) {
                if LEVELS.iter().any(|level| level.eq_ignore_ascii_case(part)) {
                    continue;
                }
                let invalid = InvalidValue::new(format!("`{part}` is not a level of the log"));
                return Err(match nearest(part, LEVELS.iter().copied()) {
                    Some(level) => invalid.with_help(format!("did you mean `{level}`?")),
                    None => invalid.with_help(format!(
                        "write one of {}, or name a module with its level, such as `info,hyper=warn`",
                        list(LEVELS)
                    )),
                });
            }
        }
        match EnvFilter::try_new(text) {
            Ok(_) => Ok(LogLevel(text.into())),
            Err(error) => Err(InvalidValue::new(format!("`{text}` is not a filter of the log: {error}"))
                .with_help("write a level, or directives such as `info,hyper=warn`")),
        }
    }
}

/// How lines of the log are written.
///
/// # Examples
///
/// ```
/// use pulsar::settings::LogFormat;
///
/// assert_eq!("json".parse(), Ok(LogFormat::Json));
/// assert_eq!(LogFormat::default(), LogFormat::Text);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        })
    }
}

impl FromStr for LogFormat {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err(not_among(text, &["text", "json"])),
        }
    }
}

/// Where one line per request is written.
///
/// # Examples
///
/// ```
/// use pulsar::settings::AccessLog;
///
/// assert_eq!("-".parse(), Ok(AccessLog::Stdout));
/// assert_eq!("off".parse(), Ok(AccessLog::Off));
/// assert_eq!("access.log".parse(), Ok(AccessLog::File("access.log".into())));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum AccessLog {
    /// Nowhere; written `off`.
    #[default]
    Off,
    /// The standard output; written `-`.
    Stdout,
    /// The end of this file, which is relative to the working directory unless it starts with `/`.
    File(PathBuf),
}

impl fmt::Display for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AccessLog::Off => f.write_str(OFF),
            AccessLog::Stdout => f.write_str("-"),
            AccessLog::File(path) => path.display().fmt(f),
        }
    }
}

impl FromStr for AccessLog {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text {
            OFF => Ok(AccessLog::Off),
            "-" => Ok(AccessLog::Stdout),
            _ => path(text)
                .map(AccessLog::File)
                .map_err(|invalid| invalid.with_help("write a path, `-` for the standard output, or `off`")),
        }
    }
}

/// Which headers tell what proxies know of the client.
///
/// # Examples
///
/// ```
/// use pulsar::settings::ForwardedHeaders;
///
/// assert_eq!("x-forwarded".parse(), Ok(ForwardedHeaders::XForwarded));
/// assert_eq!(ForwardedHeaders::default(), ForwardedHeaders::Auto);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ForwardedHeaders {
    /// Whichever comes; if both come, what both of them say.
    #[default]
    Auto,
    /// `Forwarded`, RFC 7239.
    Forwarded,
    /// `X-Forwarded-For`, `X-Forwarded-Proto`, `X-Forwarded-Host` and `X-Forwarded-Port`; written `x-forwarded`.
    XForwarded,
}

impl fmt::Display for ForwardedHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ForwardedHeaders::Auto => "auto",
            ForwardedHeaders::Forwarded => "forwarded",
            ForwardedHeaders::XForwarded => "x-forwarded",
        })
    }
}

impl FromStr for ForwardedHeaders {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "auto" => Ok(ForwardedHeaders::Auto),
            "forwarded" => Ok(ForwardedHeaders::Forwarded),
            "x-forwarded" => Ok(ForwardedHeaders::XForwarded),
            _ => Err(not_among(text, &["auto", "forwarded", "x-forwarded"])),
        }
    }
}

/// A path that names something.
pub(super) fn path(text: &str) -> Result<PathBuf, InvalidValue> {
    match text {
        "" => Err(InvalidValue::new("the path is empty").with_help("write the path of a file")),
        _ if text.contains('\0') => Err(InvalidValue::new("a path cannot contain a zero byte")),
        _ => Ok(text.into()),
    }
}

/// A number of bytes within bounds.
pub(super) fn size(text: &str, least: usize, most: usize) -> Result<usize, InvalidValue> {
    let bytes = match text.parse::<BodyLimit>() {
        Ok(BodyLimit::Bytes(bytes)) => usize::try_from(bytes).ok(),
        _ => None,
    };
    bytes.filter(|bytes| (least..=most).contains(bytes)).ok_or_else(|| {
        let (least, most) = (show_size(least), show_size(most));
        InvalidValue::new(format!("`{text}` is not a number of bytes from {least} to {most}"))
            .with_help("write bytes such as `8192`, or `8KiB`")
    })
}

/// A number of bytes as [`size`] reads it back.
pub(super) fn show_size(bytes: usize) -> String {
    show_bytes(bytes as u64)
}

fn show_bytes(bytes: u64) -> String {
    match bytes.trailing_zeros() {
        _ if bytes == 0 => "0".to_owned(),
        30.. => format!("{}GiB", bytes >> 30),
        20.. => format!("{}MiB", bytes >> 20),
        10.. => format!("{}KiB", bytes >> 10),
        _ => bytes.to_string(),
    }
}

/// A host as requests name it, or `*.` and the end of one.
pub(super) fn host(text: &str) -> Result<String, InvalidValue> {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_host) || name.starts_with(['.', ':']) {
        return Err(InvalidValue::new(format!("`{text}` is not a host"))
            .with_help("write a host such as `example.org`, `*.example.org` or `example.org:8060`"));
    }
    Ok(text.to_ascii_lowercase())
}

/// A whole number within bounds.
pub(super) fn whole<N>(text: &str, least: N, most: N) -> Result<N, InvalidValue>
where
    N: FromStr + PartialOrd + fmt::Display,
{
    // `from_str` alone would let `+1` pass.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse().ok().filter(|number| digits && (&least..=&most).contains(&number)) {
        Some(number) => Ok(number),
        None => Err(InvalidValue::new(format!("`{text}` is not a whole number from {least} to {most}"))),
    }
}

/// A span of time in seconds, fractions allowed.
pub(super) fn seconds(text: &str) -> Result<Duration, InvalidValue> {
    // `f64::from_str` knows `inf`, `nan` and `1e3` too, which nobody writes for a span of time on purpose.
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match text.parse().ok().filter(|seconds| plain && *seconds <= A_YEAR) {
        Some(seconds) => Ok(Duration::from_secs_f64(seconds)),
        None => Err(InvalidValue::new(format!("`{text}` is not a number of seconds from 0 to {A_YEAR}"))
            .with_help("write seconds without a unit, such as `30` or `0.5`")),
    }
}

/// A span of time in seconds that is not none.
pub(super) fn some_seconds(text: &str) -> Result<Duration, InvalidValue> {
    match seconds(text)? {
        Duration::ZERO => Err(InvalidValue::new(format!("`{text}` is no time at all"))
            .with_help("write a number of seconds above 0, such as `60` or `0.5`")),
        time => Ok(time),
    }
}

/// `true` or `false`.
pub(super) fn boolean(text: &str) -> Result<bool, InvalidValue> {
    text.parse().map_err(|_| not_among(text, &["true", "false"]))
}

/// The mistake of a text that is none of the few that are known.
pub(super) fn not_among(text: &str, known: &[&str]) -> InvalidValue {
    let invalid = InvalidValue::new(format!("`{text}` is not one of {}", list(known)));
    match nearest(text, known.iter().copied()) {
        Some(near) => invalid.with_help(format!("did you mean `{near}`?")),
        None => invalid,
    }
}

fn not_bytes(text: &str) -> InvalidValue {
    InvalidValue::new(format!("`{text}` is not a number of bytes"))
        .with_help("write bytes such as `65536`, `64KiB`, `8MiB`, `1GiB`, or `unlimited`")
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// How nothing is written, where a setting may be nothing.
pub(super) const OFF: &str = "off";

const LEVELS: &[&str] = &["error", "warn", "info", "debug", "trace", "off"];

/// The longest span of time, in seconds: more is a slip of the hand, and far more overflows the clock.
const A_YEAR: f64 = 31_536_000.0;
