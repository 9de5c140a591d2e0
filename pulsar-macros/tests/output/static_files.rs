#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    _pulsar::inventory::submit! {
        _pulsar::StaticFiles::new("/static", "assets",
        _pulsar::Place::new(module_path!(), file!(), line!(), column!()),)
        .manifest(::core::option_env!("CARGO_MANIFEST_DIR"),
        ::core::cfg!(debug_assertions))
    }
};
