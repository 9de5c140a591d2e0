fn main() -> ::std::process::ExitCode {
    let program = {
        use ::pulsar::__private as _pulsar;
        let name = option_env!("CARGO_BIN_NAME")
            .or(option_env!("CARGO_PKG_NAME"))
            .unwrap_or(module_path!());
        _pulsar::Program::new(name, option_env!("CARGO_PKG_VERSION").unwrap_or("0.0.0"))
            .root(module_path!())
    };
    program.run()
}
