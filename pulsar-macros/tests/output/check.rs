fn program() -> Program {
    ::pulsar::__private::Program::assert_sound(
        &{
            use ::pulsar::__private as _pulsar;
            #[allow(unused_imports)]
            use ::blog as _;
            let name = option_env!("CARGO_BIN_NAME")
                .or(option_env!("CARGO_PKG_NAME"))
                .unwrap_or(module_path!());
            _pulsar::Program::new(
                    name,
                    option_env!("CARGO_PKG_VERSION").unwrap_or("0.0.0"),
                )
                .root(module_path!())
                .also("blog")
        },
    )
}
