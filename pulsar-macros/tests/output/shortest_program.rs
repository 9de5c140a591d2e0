fn main() -> ::std::process::ExitCode {
    fn the_program_of_main() -> ::pulsar::Program {
        {
            use ::pulsar::__private as _pulsar;
            let name = option_env!("CARGO_BIN_NAME")
                .or(option_env!("CARGO_PKG_NAME"))
                .unwrap_or(module_path!());
            _pulsar::Program::new(
                    name,
                    option_env!("CARGO_PKG_VERSION").unwrap_or("0.0.0"),
                )
                .root(module_path!())
        }
    }
    ::pulsar::__private::inventory::submit! {
        ::pulsar::__private::Main::new(the_program_of_main,
        ::pulsar::__private::Place::new(module_path!(), file!(), line!(), column!()),)
    }
    the_program_of_main().run()
}
