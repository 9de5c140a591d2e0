//! What a check has come to: everything that was found, as text for people and as JSON for programs.

use std::fmt;

use serde_json::{Value, json};

use super::plan::Plan;
use crate::{
    finding::{Finding, Severity, Spot},
    order::sort_by_key,
};

/// Everything that a check found, and how much it looked at.
pub(super) struct Verdict {
    findings: Vec<Finding>,
    routes: usize,
    providers: usize,
}

impl Verdict {
    /// With what was found beside the plan.
    pub(super) fn of(plan: &Plan, others: Vec<Finding>) -> Self {
        let mut findings: Vec<_> = plan.findings.iter().cloned().chain(others).collect();
        sort_by_key(&mut findings, Finding::severity);
        let routes = plan.applications.iter().map(|app| app.routes.len()).sum();
        Self { findings, routes, providers: plan.start.providers.providers.len() }
    }

    /// Whether something was found that is more than a hint.
    pub(super) fn has_failed(&self) -> bool {
        self.problems().next().is_some()
    }

    /// Errors and warnings.
    pub(super) fn problems(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity() < Severity::Hint)
    }

    /// For programs: what was found as text, and taken apart.
    pub(super) fn to_json(&self) -> Value {
        let texts = |severity: Severity| -> Vec<String> {
            self.findings
                .iter()
                .filter(|found| found.severity() == severity)
                .map(ToString::to_string)
                .collect()
        };
        json!({
            "ok": !self.has_failed(),
            "routes": self.routes,
            "providers": self.providers,
            "errors": texts(Severity::Error),
            "warnings": texts(Severity::Warning),
            "hints": texts(Severity::Hint),
            "findings": self.findings.iter().map(of_finding).collect::<Vec<_>>(),
        })
    }

    /// The line that ends a good report.
    pub(super) fn all_is_well(&self) -> String {
        format!("no problems found ({}, {})", count(self.routes, "route"), count(self.providers, "provider"))
    }
}

/// A line for each finding, the severe ones first, and how many problems there are.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines: Vec<_> =
            self.findings.iter().map(|finding| format!("{}: {finding}", finding.severity().name())).collect();
        if self.has_failed() {
            lines.push(format!("{} found", count(self.problems().count(), "problem")));
        }
        f.write_str(&lines.join("\n"))
    }
}

fn of_finding(finding: &Finding) -> Value {
    let of_spot =
        |spot: &Spot| json!({"file": spot.source.file, "line": spot.source.line, "function": spot.function});
    json!({
        "severity": finding.severity().name(),
        "kind": finding.kind.name(),
        "message": finding.message,
        "help": finding.way_out(),
        "places": finding.spots.iter().map(of_spot).collect::<Vec<_>>(),
    })
}

/// `1 route`, `2 routes`.
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
