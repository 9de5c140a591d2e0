//! From values to a URL, by table.

use pulsar_pattern::Pattern;

fn build(rule: &str, values: &[(&str, &str)]) -> Result<String, String> {
    Pattern::parse(rule).unwrap().build(values).map_err(|error| error.to_string())
}

#[test]
fn urls_are_encoded() {
    let uuid = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    for (rule, values, expected) in [
        ("/", &[][..], "/"),
        ("/a/", &[], "/a/"),
        ("/café/a%2Fb/%3Aid", &[], "/caf%C3%A9/a%2Fb/:id"),
        ("/<a>", &[("a", "b")], "/b"),
        ("/<a>/", &[("a", "b")], "/b/"),
        ("/<a>", &[("a", "b/c")], "/b%2Fc"),
        ("/<a>", &[("a", "//evil.com")], "/%2F%2Fevil.com"),
        ("/<a>", &[("a", "50% é?#\n")], "/50%25%20%C3%A9%3F%23%0A"),
        ("/<a>", &[("a", "!$&'()*+,;=:@-._~")], "/!$&'()*+,;=:@-._~"),
        ("/<path:a>", &[("a", "b/c d/é?")], "/b/c%20d/%C3%A9%3F"),
        ("/<path:a>/x", &[("a", "b/")], "/b//x"),
        ("/v<int:a>.<int:b>", &[("b", "2"), ("a", "1")], "/v1.2"),
        ("/<int(signed):a>", &[("a", "-1")], "/-1"),
        ("/<any(\"a b\",c):a>", &[("a", "a b")], "/a%20b"),
        ("/<uuid:a>", &[("a", uuid)], "/67e55044-10b1-426f-9247-bb680e5fe0c8"),
        ("/<re(\"[a-z]+\"):a>", &[("a", "abc")], "/abc"),
        ("/.<a>", &[("a", "..")], "/..."),
        ("/<int(fixed_digits=4):a>", &[("a", "7")], "/0007"),
        ("/<int(fixed_digits=4):a>", &[("a", "2026")], "/2026"),
        ("/v<int(fixed_digits=2,signed):a>", &[("a", "-7")], "/v-07"),
    ] {
        assert_eq!(build(rule, values).as_deref(), Ok(expected), "{rule} with {values:?}");
    }
}

#[test]
fn values_that_do_not_fit_are_refused() {
    for (rule, values, reason) in [
        ("/<a>", &[][..], "no value for <a>"),
        ("/<int(min=1):a>", &[], "no value for <int(min=1):a>"),
        ("/<user>", &[("usr", "x")], "it has no placeholder `usr`; did you mean `user`?"),
        ("/a", &[("b", "x")], "it has no placeholder `b`"),
        ("/<a>", &[("a", "x"), ("a", "y")], "two values for `a`"),
        ("/<a>", &[("a", "")], "<a> does not accept \"\""),
        ("/<a>", &[("a", "x\0")], "<a> does not accept \"x\\0\""),
        ("/<int:a>", &[("a", "x")], "<int:a> does not accept \"x\""),
        ("/<int(max=9):a>", &[("a", "10")], "<int(max=9):a> does not accept \"10\""),
        ("/<int(fixed_digits=4):a>", &[("a", "20260")], "<int(fixed_digits=4):a> does not accept \"20260\""),
        ("/<int(fixed_digits=4):a>", &[("a", "-7")], "<int(fixed_digits=4):a> does not accept \"-7\""),
        ("/<int(fixed_digits=4):a>", &[("a", "")], "<int(fixed_digits=4):a> does not accept \"\""),
        ("/<path:a>", &[("a", "/etc")], "<path:a> does not accept \"/etc\""),
        ("/<path:a>", &[("a", "x/../y")], "<path:a> does not accept \"x/../y\""),
        ("/<re(\"a\"):a>", &[("a", "")], "<re(\"a\"):a> does not accept \"\""),
        ("/<a>", &[("a", "..")], "<a> would become `..`, which clients remove from a path"),
        ("/.<a>", &[("a", ".")], ".<a> would become `..`, which clients remove from a path"),
    ] {
        let expected = format!("cannot build a URL for \"{rule}\": {reason}");
        assert_eq!(build(rule, values), Err(expected), "{rule} with {values:?}");
    }
}
