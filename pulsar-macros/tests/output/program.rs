fn program() -> Program {
    {
        use ::pulsar::__private as _pulsar;
        #[allow(unused_imports)]
        use ::blog as _;
        #[allow(unused_imports)]
        use ::shop as _;
        #[allow(unused_imports)]
        use crate::admin as _;
        #[allow(unused_imports)]
        use blog::feed as _;
        #[allow(unused_imports)]
        use self::api as _;
        let name = "shop";
        let root = module_path!().split("::").next().unwrap_or_default();
        _pulsar::Program::new(name, option_env!("CARGO_PKG_VERSION").unwrap_or("0.0.0"))
            .root(module_path!())
            .also("blog")
            .also("shop")
            .main(
                _pulsar::App::new(name)
                    .bind("127.0.0.1:8060")
                    .bind("unix:/run/shop.sock")
                    .layer(TraceLayer::new_for_http())
                    .layer(CompressionLayer::new())
                    .fallback(not_found)
                    .errors(|problem| render(problem)),
            )
            .app(
                _pulsar::App::new("admin")
                    .bind("127.0.0.1:8061")
                    .routes([root, "::admin"].concat()),
            )
            .app(_pulsar::App::new("feed").routes("blog::feed").layer(Gzip))
            .app(_pulsar::App::new("api").routes(concat!(module_path!(), "::api")))
    }
}
