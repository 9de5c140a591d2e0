#[doc(hidden)]
const _: () = {
    use my::pulsar::__private as _pulsar;
    _pulsar::inventory::submit! {
        _pulsar::StaticFiles::new("/", "dist", _pulsar::Place::new(module_path!(),
        file!(), line!(), column!()),)
        .manifest(::core::option_env!("CARGO_MANIFEST_DIR"),
        ::core::cfg!(debug_assertions)).index("home.html").fallback("app/index.html")
        .cache_control("no-cache").hidden()
    }
};
