//! The documentation in step with the code: dependencies, links, and the table of contents of the guide.
//!
//! What a page says in words nobody can check here. Rust blocks are: `lib.rs` compiles and runs them. The rule it keeps:
//! whoever adds a crate, a page or a link finds out here what else has to be written.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use pulsar_tests::workspace;
use serde_json::Value;

/// Pages that are linked to and may be absent, as in a package without them.
const MAY_BE_ABSENT: &[&str] =
    &["CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE-APACHE", "LICENSE-MIT"];

#[test]
fn every_direct_dependency_is_explained() {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--format-version", "1", "--no-deps"])).unwrap();
    let mut used = BTreeSet::new();
    for package in metadata["packages"].as_array().unwrap() {
        for dependency in package["dependencies"].as_array().unwrap() {
            used.insert(dependency["name"].as_str().unwrap().to_owned());
        }
    }
    let explained: BTreeSet<_> =
        table("docs/dependencies.md", "## Direct dependencies").into_keys().collect();
    assert_same(&used, &explained, "direct dependencies");
}

#[test]
fn every_crate_of_a_build_is_explained_with_who_brings_it() {
    let explained = table("docs/dependencies.md", "## All crates of a default build of pulsar");
    let brought = brought_by();
    assert_same(
        &brought.keys().cloned().collect(),
        &explained.keys().cloned().collect(),
        "crates of a default build",
    );
    for (name, by) in brought {
        let by: Vec<_> = by.iter().map(|name| format!("`{name}`")).collect();
        assert_eq!(explained[&name][0], by.join(", "), "who brings `{name}`, in docs/dependencies.md");
    }
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        for target in links(&fs::read_to_string(&page).unwrap()) {
            if let Err(why) = follow(&page, &target) {
                broken.push(format!("{}: ({target}) {why}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
}

#[test]
fn the_summary_of_the_guide_has_every_page() {
    let folder = workspace().join("docs/guide/src");
    let summary = fs::read_to_string(folder.join("SUMMARY.md")).unwrap();
    let listed: BTreeSet<_> = links(&summary).into_iter().collect();
    let there: BTreeSet<_> = markdown(&folder)
        .iter()
        .map(|path| path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned())
        .filter(|name| name != "SUMMARY.md")
        .collect();
    assert_same(&there, &listed, "pages of the guide");
}

#[test]
fn the_readme_has_every_example() {
    let readme = fs::read_to_string(workspace().join("README.md")).unwrap();
    let linked: BTreeSet<_> =
        links(&readme).into_iter().filter(|target| target.starts_with("examples/")).collect();
    let mut there = BTreeSet::new();
    for entry in fs::read_dir(workspace().join("examples")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.strip_suffix(".rs").is_some_and(|name| name != "lib") {
            there.insert(format!("examples/{name}"));
        }
    }
    assert_same(&there, &linked, "examples in the README");
}

#[test]
fn the_readme_names_the_test_command() {
    let readme = fs::read_to_string(workspace().join("README.md")).unwrap();
    assert!(readme.contains("\n$ cargo test --workspace\n"));
}

#[test]
fn every_page_with_rust_is_compiled() {
    let index = fs::read_to_string(workspace().join("tests/lib.rs")).unwrap();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let name = page.strip_prefix(workspace()).unwrap().display().to_string();
        if text.contains("```rust") {
            assert!(
                index.contains(&format!("include_str!(\"../{name}\")")),
                "{name} is missing in tests/lib.rs"
            );
        }
    }
}

#[test]
fn what_the_checks_read_is_read_right() {
    let text = "# The `one` thing: a_b\n\n[a](x.md#y) `[b](no)` [c](https://example.org)\n\n```text\n# no\n[d](no)\n```\n[e](#f)\n";
    assert_eq!(links(text), ["x.md#y", "https://example.org", "#f"]);
    assert_eq!(anchors(text), ["the-one-thing-a_b"]);
}

#[track_caller]
fn assert_same(there: &BTreeSet<String>, written: &BTreeSet<String>, what: &str) {
    let missing: Vec<_> = there.difference(written).collect();
    let left_over: Vec<_> = written.difference(there).collect();
    assert!(
        missing.is_empty() && left_over.is_empty(),
        "{what}: missing in the documentation: {missing:?}; there without being used: {left_over:?}"
    );
}

/// The crates of a default build of pulsar, each with those that depend on it. One system is asked for, so that the answer
/// is the same on all.
fn brought_by() -> BTreeMap<String, BTreeSet<String>> {
    let tree = cargo(&[
        "tree",
        "--package=pulsar",
        "--edges=normal,build",
        "--prefix=depth",
        "--target=x86_64-unknown-linux-gnu",
    ]);
    let mut brought: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut way: Vec<String> = Vec::new();
    for line in tree.lines() {
        let digits = line.find(|c: char| !c.is_ascii_digit()).unwrap();
        let depth: usize = line[..digits].parse().unwrap();
        let name = line[digits..].split(' ').next().unwrap().to_owned();
        way.truncate(depth);
        if let Some(parent) = way.last() {
            brought.entry(name.clone()).or_default().insert(parent.clone());
        }
        way.push(name);
    }
    brought
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(arguments)
        .args(["--offline", "--locked"])
        .current_dir(workspace())
        .output()
        .expect("cargo can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The table below a heading: the name in the first cell of each row, and the cells after it.
fn table(page: &str, heading: &str) -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(workspace().join(page)).unwrap();
    let (_, below) = text.split_once(&format!("{heading}\n")).expect("the heading is there");
    let section = below.split("\n## ").next().unwrap_or(below);
    let mut rows = BTreeMap::new();
    for line in section.lines() {
        if let Some(row) = line.strip_prefix("| `") {
            let (name, rest) = row.split_once("` |").expect("the first cell is a name");
            let cells = rest.trim_end_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
            assert!(rows.insert(name.to_owned(), cells).is_none(), "{page}: `{name}` stands there twice");
        }
    }
    rows
}

/// The README and everything in docs/.
fn pages() -> Vec<PathBuf> {
    let mut pages = markdown(&workspace().join("docs"));
    pages.push(workspace().join("README.md"));
    pages
}

fn markdown(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            // What mdBook has built is not written by hand.
            if path.file_name().is_some_and(|name| name != "book") {
                found.extend(markdown(&path));
            }
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The lines of a page outside of code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fence && !fenced
    })
}

/// The targets of the links of a page.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in prose(text) {
        // What stands between backquotes is no link. A link whose text is code loses its text, not its target.
        let plain: String = line.split('`').step_by(2).collect();
        for rest in plain.split("](").skip(1) {
            found.extend(rest.split(')').next().map(str::to_owned));
        }
    }
    found
}

/// The anchors of a page's headings, as the common hosts make them.
fn anchors(text: &str) -> Vec<String> {
    let headings = prose(text).filter_map(|line| line.strip_prefix('#'));
    headings
        .map(|heading| {
            let words = heading.trim_start_matches('#').trim().to_lowercase();
            words
                .chars()
                .filter(|&c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect()
}

fn follow(page: &Path, target: &str) -> Result<(), String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return Ok(());
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    if MAY_BE_ABSENT.iter().any(|name| path.ends_with(name)) {
        return Ok(());
    }
    let file = if path.is_empty() { page.to_owned() } else { page.parent().unwrap().join(path) };
    if !file.exists() {
        return Err("is not there".into());
    }
    if anchor.is_empty() {
        return Ok(());
    }
    let text = fs::read_to_string(&file).map_err(|error| error.to_string())?;
    if anchors(&text).iter().any(|there| there == anchor) {
        Ok(())
    } else {
        Err("has no such heading".into())
    }
}
