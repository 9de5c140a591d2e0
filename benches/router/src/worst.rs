//! What is hard: many values, long values, encoded bytes, rules that look alike for long.

use crate::{Case, data};

pub fn cases() -> Vec<Case> {
    let case = |name: &str, rules: Vec<String>, path: String| Case {
        name: format!("worst: {name}"),
        rules,
        paths: vec![path; 64],
        is_large: true,
    };
    let segments = |count: usize, segment: &str| segment.repeat(count);
    let twenty: String = (0..20).map(|at| format!("/s{at}/{{}}")).collect();
    let twenty_path: String = (0..20).map(|at| format!("/s{at}/val{at}")).collect();
    let uuid = "0123abcd-4567-89ab-cdef-0123456789ab";
    let stairs = |rule: usize| format!("{}{}/r{rule}", segments(rule, "/a"), segments(20 - rule, "/{}"));
    let mut cases = vec![
        case("20 values", vec![twenty], twenty_path),
        case("20 values, no text", vec![segments(20, "/{}")], segments(20, "/val")),
        case("2 UUIDs", vec!["/a/{}/{}".to_owned()], format!("/a/{uuid}/{uuid}")),
        case("a value of 4 KB", vec!["/a/{}".to_owned()], format!("/a/{}", "x".repeat(4096))),
        case("stairs of 20, 404", (0..20).map(stairs).collect(), format!("{}/x", segments(20, "/a"))),
        case("a % in a value", vec!["/files/{}".to_owned()], "/files/a%20file".to_owned()),
        case(
            "rest of 1.2 KB",
            vec!["/files/<path:rest>".to_owned()],
            format!("/files{}", segments(200, "/value")),
        ),
        case("404 of 8 KB", vec!["/files/{}".to_owned()], segments(1000, "/longer/x")[..8000].to_owned()),
        case("one literal", vec!["/plaintext".to_owned(), "/json".to_owned()], "/plaintext".to_owned()),
        case("root", vec!["/".to_owned(), "/json".to_owned()], "/".to_owned()),
    ];
    // The same paths with rules that look at values; matchit, which cannot, has the plain ones.
    let rules = data::github();
    let typed = rules.iter().map(|rule| {
        rule.replace("/issues/{}", "/issues/<int:number>")
            .replace("/pulls/{}", "/pulls/<int:number>")
            .replace("/keys/{}", "/keys/<int:id>")
            .replace("/threads/{}", "/threads/<int:id>")
            .replace("/emails/{}", "/emails/<any(a,b):kind>")
            .replace("/templates/{}", "/templates/<re(\"[A-Za-z-]+\"):name>")
            .replace("/assets/{}", "/assets/<any(source,binary):kind>")
    });
    let typed: Vec<String> = typed.collect();
    let mut paths = data::random(&rules, crate::PATHS);
    // Values of `int`, where one is wanted.
    for path in &mut paths {
        for (before, value) in [
            ("/issues/", "1347"),
            ("/pulls/", "27"),
            ("/keys/", "1"),
            ("/threads/", "12345"),
            ("/templates/", "Rust-lang"),
        ] {
            if let Some(at) = path.find(before) {
                let start = at + before.len();
                let end = path[start..].find('/').map_or(path.len(), |length| start + length);
                if !path.starts_with("/legacy") {
                    path.replace_range(start..end, value);
                }
            }
        }
    }
    cases.push(Case {
        name: "130 random, plain, converters' paths".to_owned(),
        rules: rules.clone(),
        paths: paths.clone(),
        is_large: true,
    });
    cases.push(Case { name: "130 random, converters".to_owned(), rules: typed, paths, is_large: true });
    cases
}
