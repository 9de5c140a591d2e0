//! What is around an annotated function does not change what the macros write for it.
#![allow(dead_code, missing_docs)] // what shadows is there to be ignored

use pulsar::{program, testing::block_on};

mod without_prelude {
    #![no_implicit_prelude]

    pub(crate) struct Count(pub(crate) u8);

    ::pulsar::scope!("/bare");

    #[::pulsar::provide]
    fn number() -> u8 {
        7
    }

    #[::pulsar::provide]
    async fn count(number: &u8) -> ::pulsar::Result<Count> {
        ::pulsar::Result::Ok(Count(*number))
    }

    #[::pulsar::on(starting)]
    fn starting() {}

    #[::pulsar::on(worker_exit)]
    fn exited(_exit: &::pulsar::worker::WorkerExit) {}

    #[::pulsar::on(worker_start)]
    async fn warm(count: &Count) -> ::pulsar::Result<()> {
        let _ = count;
        ::pulsar::Result::Ok(())
    }

    #[::pulsar::every("1h", once)]
    fn sweep(_count: ::pulsar::State<Count>) {}

    #[::pulsar::on(message = "bare.add")]
    fn add(more: u8, count: &Count) -> ::pulsar::Result<u8> {
        count.0.checked_add(more).ok_or(::pulsar::Error::new("too much"))
    }

    #[::pulsar::get("/ask/<int:more>")]
    async fn ask(
        more: u8,
        cluster: ::pulsar::State<::pulsar::cluster::Cluster>,
    ) -> ::pulsar::Result<::std::string::String> {
        let sum: u8 = cluster.ask(::pulsar::cluster::Target::Me, "bare.add", &more).await?;
        ::pulsar::Result::Ok(::std::format!("{sum}"))
    }

    #[::pulsar::get("/loop/<int:id>")]
    async fn on_the_loop(id: u8, count: ::pulsar::State<Count>) -> ::std::string::String {
        ::std::format!("{id} {}", count.0.0)
    }

    #[::pulsar::test(provide = [7_u16], socket)]
    async fn a_test(client: ::pulsar::testing::Client, seven: ::pulsar::State<u16>) -> ::pulsar::Result<()> {
        ::std::assert_eq!(*seven.0, 7);
        client.get("/bare/loop/7").send().await.assert_text("7 7");
        ::pulsar::Result::Ok(())
    }

    #[::pulsar::test]
    async fn alone() {}

    #[::pulsar::get("/pool/<id>")]
    fn on_the_pool(id: &str, method: ::pulsar::Method) -> ::std::string::String {
        ::std::format!("{id} {method}")
    }

    pub(crate) fn links() -> [::pulsar::url::Url; 2] {
        [::pulsar::url!(on_the_loop { id: 3 }), ::pulsar::url!(on_the_pool { id: "x" })]
    }
}

mod shadowed {
    mod core {}
    mod std {}
    mod pulsar {}
    struct Option;
    struct Result;
    struct Vec;
    struct Box;
    struct Some;
    struct Ok;
    struct Err;

    /// In scope for every type, with the names of methods that generated code might call.
    #[allow(clippy::wrong_self_convention)] // they are called by nobody
    trait Everything {
        fn clone(&self) {}
        fn into_iter(&self) {}
        fn into_response(&self) {}
    }
    impl<T: ?Sized> Everything for T {}

    ::pulsar::scope!("/shadowed");

    #[::pulsar::on(reload)]
    fn reload() {}

    #[::pulsar::every("1h")]
    async fn every_hour() {}

    #[::pulsar::on(message = "shadowed")]
    async fn message(payload: u8) -> u8 {
        payload
    }

    #[::pulsar::test]
    fn a_test(client: ::pulsar::testing::Client) {
        ::pulsar::testing::block_on(client.get("/shadowed/7").send()).assert_text("7 GET");
    }

    #[::pulsar::get("/<int:id>")]
    fn handler(id: u8, request: ::pulsar::Method) -> ::std::string::String {
        ::std::format!("{id} {request}")
    }

    pub(crate) fn links() -> [::pulsar::url::Url; 1] {
        let values = 4;
        [::pulsar::url!(handler { id: values })]
    }
}

mod named_like_ours {
    use pulsar::{Method, Settings, State, every, get, on, scope, url};

    scope!("/named");

    #[pulsar::test]
    async fn test(argument_0: pulsar::testing::Client) {
        argument_0.get("/named/1/2/3").send().await.assert_text("1 2 3 GET");
    }

    #[get("/<request>/<context>/<int:params>")]
    async fn request(request: String, context: &str, params: u8, handler: Method) -> String {
        format!("{request} {context} {params} {handler}")
    }

    #[on(message = "named")]
    fn handle(message: u8, context: State<Settings>) -> usize {
        context.threads + usize::from(message)
    }

    #[on(worker_stopping)]
    fn run(needs: &Settings) {
        let _ = needs;
    }

    #[on(exit)]
    fn exit(told: u8) {
        let _ = told;
    }

    #[every("1h")]
    fn needs(context: &Settings) {
        let _ = context;
    }

    pub(crate) fn links() -> [pulsar::url::Url; 2] {
        let (values, value, params) = (String::from("a"), "b", 5);
        [url!(request { request: &values, context: value, params }), url!(requirements { value: "z" })]
    }

    #[get("/<value>")]
    fn requirements(mut value: String, _pulsar: Method) -> String {
        value.push('!');
        value
    }
}

#[test]
fn what_is_around_a_function_does_not_matter() {
    block_on(async {
        let client = program!().client().await.unwrap();
        for (path, text) in [
            ("/bare/loop/3", "3 7"),
            ("/bare/pool/x", "x GET"),
            ("/bare/ask/3", "10"),
            ("/shadowed/4", "4 GET"),
            ("/named/a/b/5", "a b 5 GET"),
            ("/named/z", "z!"),
        ] {
            client.get(path).send().await.assert_status(200).assert_text(text);
        }
        let links = without_prelude::links().into_iter().chain(shadowed::links());
        let links: Vec<String> = links.chain(named_like_ours::links()).map(String::from).collect();
        assert_eq!(links, ["/bare/loop/3", "/bare/pool/x", "/shadowed/4", "/named/a/b/5", "/named/z"]);
    });
}
