//! Links over a socket: what a client gets it can ask for again.
//!
//! Proves: a redirect and a link lead to their route where an application is mounted below a path; with scheme and host they
//! are what a trusted proxy says, and what the client wrote where nobody is trusted.

use pulsar::{
    Context, Method, Router,
    extract::Path,
    get,
    request::MatchedRoute,
    server::{Address, ServerConfig},
    url,
    url::{Redirect, Urls},
};

use crate::support::Served;

pulsar::scope!("/urls");

#[get("/items/<int(fixed_digits=3):number>/<path:name>")]
async fn item(number: u16, name: String, route: MatchedRoute) -> String {
    format!("{number} {name} of {}", route.rule())
}

fn served(trusted_proxies: &[&str]) -> Served {
    let inner = Router::new()
        .add(Method::GET, "/urls/items/<number>/<path:name>", async |Path(values): Path<(String, String)>| {
            format!("{} {}", values.0, values.1)
        })
        .name("item")
        .add(Method::POST, "/", async |urls: Urls| {
            Redirect::to(urls.of(url!(item { number: 7, name: "a b/ü?" })))
        })
        .add(Method::GET, "/absolute", async |urls: Urls| {
            urls.absolute(url!(item { number: 7, name: "x" })).to_string()
        })
        .add(Method::GET, "/name", async |urls: Urls| {
            urls.url_for("item", (("number", 7), ("name", "x y"), ("q", "ü")))
                .map_or_else(|error| error.to_string(), String::from)
        })
        .compile(Context::default())
        .unwrap();
    let outer = Router::new().mount("/shop", inner).compile(Context::default()).unwrap();
    let config = ServerConfig {
        binds: vec![Address::Tcp("127.0.0.1".into(), 0)],
        trusted_proxies: trusted_proxies.iter().map(|text| text.parse().unwrap()).collect(),
        ..ServerConfig::default()
    };
    Served::start(config, outer)
}

#[test]
fn a_redirect_leads_to_its_route_below_the_path_of_its_application() {
    let served = served(&[]);
    let mut client = served.connect();
    let answer = client.request("POST", "/shop/", &[], "");
    answer.assert_status(303);
    let location = answer.header("location").expect("a redirect says where").to_owned();
    assert_eq!(location, "/shop/urls/items/007/a%20b/%C3%BC%3F");
    client.get(&location).assert(200, "007 a b/ü?");
    let link = client.get("/shop/name").text().to_owned();
    assert_eq!(link, "/shop/urls/items/7/x%20y?q=%C3%BC");
    client.get(&link).assert(200, "7 x y");
}

#[test]
fn a_link_with_scheme_and_host_is_what_a_trusted_proxy_says() {
    let headers = ["X-Forwarded-Proto: https", "X-Forwarded-Host: shop.example:8443"];
    for (trusted, expected) in [
        (&["127.0.0.1"][..], "https://shop.example:8443/shop/urls/items/007/x"),
        (&[], "http://localhost/shop/urls/items/007/x"),
    ] {
        let served = served(trusted);
        assert_eq!(served.connect().request("GET", "/shop/absolute", &headers, "").text(), expected);
    }
}
