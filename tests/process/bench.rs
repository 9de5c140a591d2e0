//! The contract of the example `bench`, byte by byte: benchmarks and reviewers rely on it.

use pulsar_tests::program::Running;

#[test]
fn the_contract_of_the_benchmark_holds() {
    let running = Running::example("bench", &[]);
    let mut client = running.connect();
    let plaintext = client.get("/plaintext");
    plaintext.assert(200, "Hello, World!");
    assert!(
        plaintext.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")),
        "{plaintext:?}"
    );
    assert_eq!(plaintext.header("content-length"), Some("13"));

    let json = client.get("/json");
    json.assert(200, r#"{"message":"Hello, World!"}"#);
    assert_eq!(json.header("content-type"), Some("application/json"));

    let user = client.get("/user/42/post/a-slug");
    user.assert(200, "42 a-slug");
    assert!(user.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")), "{user:?}");
    client.get("/user/42/post/caf%C3%A9").assert(200, "42 café");
    for (path, status) in [
        ("/user/x/post/a", 404),
        ("/user/4294967295/post/a", 200),
        ("/user/4294967296/post/a", 404), // more than fits into a u32
        ("/user/7/post/", 404),
        ("/user/7/post/a/b", 404),
        ("/nothing", 404),
    ] {
        client.get(path).assert_status(status);
    }
    assert_eq!(client.request("HEAD", "/plaintext", &[], "").header("content-length"), Some("13"));
    assert_eq!(client.request("POST", "/plaintext", &[], "").header("allow"), Some("GET, HEAD, OPTIONS"));
    running.stop();
}

#[test]
fn an_order_comes_back_as_it_was_sent() {
    let running = Running::example("bench", &[]);
    let mut client = running.connect();
    let full = r#"{"id":18446744073709551615,"customer":"Zoë","items":[{"sku":"A-1","quantity":2,"price":9.5},{"sku":"B","quantity":0,"price":0.25}],"note":"soon"}"#;
    let answer = client.post_json("/echo", full);
    answer.assert(200, full);
    assert_eq!(answer.header("content-type"), Some("application/json"));

    // The note may be missing, or null.
    for body in [r#"{"id":1,"customer":"A","items":[]}"#, r#"{"id":1,"customer":"A","items":[],"note":null}"#]
    {
        let answer = client.post_json("/echo", body);
        let order: serde_json::Value = serde_json::from_str(answer.assert_status(200).text()).unwrap();
        assert_eq!(order["note"], serde_json::Value::Null, "{answer:?}");
    }

    for (body, status, pointer) in [
        (
            r#"{"id":1,"customer":"A","items":[{"sku":"A","quantity":-1,"price":1}]}"#,
            422,
            "#/items/0/quantity",
        ),
        (r#"{"id":1,"customer":"A","items":[{"sku":"A","quantity":1,"price":"x"}]}"#, 422, "#/items/0/price"),
        (r#"{"id":1,"items":[]}"#, 422, "customer"),
        (r#"{"id":1,"customer""#, 400, "line 1"),
        ("[", 400, "line 1"),
    ] {
        let answer = client.post_json("/echo", body);
        answer.assert_status(status);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert!(answer.text().contains(pointer), "{body}: {answer:?}");
    }
    client.request("POST", "/echo", &["Content-Type: text/plain"], "{}").assert_status(415);
    client.request("POST", "/echo", &[], "{}").assert_status(415);
    running.stop();
}
