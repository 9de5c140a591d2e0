//! The final slash, in both spellings.

use crate::support::{Case, check};

const STRICT: &[Case<'_>] = &[
    (
        &["/users/"],
        &[
            ("/users/", "/users/"),
            ("/users", "308 /users/"),
            ("/users?page=2&q=a%20b", "308 /users/?page=2&q=a%20b"),
            ("/users?", "308 /users/?"),
            ("/users?next=//evil.com/", "308 /users/?next=//evil.com/"),
            ("HEAD /users", "308 /users/"),
            ("POST /users", "404"),
            ("POST /users/", "405 GET, HEAD, OPTIONS"),
            ("/users//", "404"),
            ("//users", "404"),
            ("/%75sers", "308 /%75sers/"),
            ("http://example.org/users", "308 /users/"),
        ],
    ),
    (
        &["/users"],
        &[
            ("/users", "/users"),
            ("/users/", "308 /users"),
            ("/users/?a=/", "308 /users?a=/"),
            ("/users//", "404"),
        ],
    ),
    (&["/users", "/users/"], &[("/users", "/users"), ("/users/", "/users/")]),
    // Another rule matches, so that nothing is redirected.
    (&["/users/", "/<x>"], &[("/users", "/<x> users"), ("/users/", "/users/")]),
    (&["/users", "/<path:x>"], &[("/users/", "/<path:x> users/"), ("/users", "/users")]),
    (
        &["/users/", "POST /users"],
        &[("/users", "405 OPTIONS, POST"), ("POST /users/", "405 GET, HEAD, OPTIONS")],
    ),
    // Never to another host: what browsers read as one does not come out.
    (
        &["/<x>/"],
        &[
            ("/a", "308 /a/"),
            ("//evil.com/", "404"),
            ("//evil.com", "404"),
            ("///evil.com", "404"),
            ("/\\evil.com", "308 /%5Cevil.com/"),
            ("/%5Cevil.com", "308 /%5Cevil.com/"),
            ("/%2Fevil.com", "308 /%2Fevil.com/"),
            ("/%2F%2Fevil.com", "308 /%2F%2Fevil.com/"),
            ("/.", "404"),
            ("/..", "404"),
            ("http://evil.com/a", "308 /a/"),
        ],
    ),
    (
        &["/<x>"],
        &[
            ("//evil.com/", "404"),
            ("/\\evil.com/", "308 /%5Cevil.com"),
            ("/a/", "308 /a"),
            ("///", "404"),
            ("//", "404"),
        ],
    ),
    (
        &["/<path:x>/"],
        &[
            ("/a", "308 /a/"),
            ("/a/b", "308 /a/b/"),
            ("//evil.com", "404"),
            ("/a//evil.com", "308 /a//evil.com/"),
        ],
    ),
    (&["/<path:x>/edit/"], &[("/a/b/edit", "308 /a/b/edit/"), ("/a/b/edit/", "* a/b"), ("/edit", "404")]),
    (&["/"], &[("/", "/"), ("/?q", "/"), ("//", "404"), ("http://example.org", "/"), ("/.", "404")]),
    (&["/<int(max=9):x>/"], &[("/9", "308 /9/"), ("/10", "404")]),
    (&["PUT /a/", "/b/a"], &[("PUT /a", "308 /a/"), ("/a", "404")]),
];

const LAX: &[Case<'_>] = &[
    (
        &["/users/", "/<int:x>"],
        &[
            ("/users", "/users/"),
            ("/users?a=b", "/users/"),
            ("/users/", "/users/"),
            ("/7/", "/<int:x> 7"),
            ("HEAD /7/", "/<int:x> 7"),
            ("/users//", "404"),
            ("/", "404"),
            ("POST /users", "405 GET, HEAD, OPTIONS"),
            ("OPTIONS /users", "204 GET, HEAD, OPTIONS"),
            ("/%37/", "/<int:x> 7"),
        ],
    ),
    (&["/a", "/a/"], &[("/a", "/a"), ("/a/", "/a/")]),
    (&["/a/", "POST /a"], &[("POST /a/", "405 GET, HEAD, OPTIONS"), ("POST /a", "POST /a")]),
    (&["/<x>/"], &[("/a%2Fb", "* a/b"), ("//evil.com", "404"), ("/..", "404")]),
];

#[test]
fn the_other_spelling_is_redirected() {
    let rows = check(STRICT, |router| router);
    assert!(rows >= 50, "{rows} rows");
}

#[test]
fn without_strict_slashes_the_other_spelling_is_served() {
    check(LAX, |router| router.strict_slashes(false));
}
