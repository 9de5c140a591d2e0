//! A rule under a prefix, for scopes and nested routers.

use crate::error::ParseError;
use crate::pattern::Pattern;

impl Pattern {
    /// This rule under `prefix`: `/api` and `/x` give `/api/x`, `/api` and `/` give `/api/`.
    ///
    /// Whether the prefix itself ends in a slash makes no difference; this rule decides if the result is a branch.
    /// Spans stay relative to the text that each placeholder came from.
    ///
    /// ```
    /// use pulsar_pattern::Pattern;
    ///
    /// let prefix = Pattern::parse("/shops/<int:shop>")?;
    /// let rule = Pattern::parse("/items/<item>")?;
    /// assert_eq!(rule.prefixed(&prefix)?.to_string(), "/shops/<int:shop>/items/<item>");
    /// assert!(prefix.prefixed(&prefix).is_err());
    /// # Ok::<(), pulsar_pattern::ParseError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If both have a placeholder of the same name, or have more than [`MAX_PLACEHOLDERS`](crate::MAX_PLACEHOLDERS)
    /// together. The error speaks of the joined rule.
    pub fn prefixed(&self, prefix: &Pattern) -> Result<Pattern, ParseError> {
        let segments = prefix.segments().iter().chain(self.segments()).cloned().collect();
        let joined = Pattern::from_checked(segments, self.is_branch());
        // The parser finds what is wrong with the whole, and knows where it stands; what it returns otherwise is
        // equal to `joined` but for the spans.
        Pattern::parse(&joined.to_string()).map(|_| joined)
    }
}
