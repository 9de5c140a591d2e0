#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    #[cfg(debug_assertions)]
    static EMBEDDED: _pulsar::Option<&[_pulsar::EmbeddedFile]> = _pulsar::Option::None;
    #[cfg(not(debug_assertions))]
    static EMBEDDED: _pulsar::Option<&[_pulsar::EmbeddedFile]> = _pulsar::Some(
        &[
            _pulsar::EmbeddedFile::new(
                "css/site.css",
                ::core::include_bytes!("/crate/tests/assets/css/site.css"),
                "10-a507ffdb75d4d53d",
            ),
            _pulsar::EmbeddedFile::new(
                "index.html",
                ::core::include_bytes!("/crate/tests/assets/index.html"),
                "9-81dc5af4476473bb",
            ),
        ],
    );
    _pulsar::inventory::submit! {
        _pulsar::StaticFiles::new("/static", "tests/assets",
        _pulsar::Place::new(module_path!(), file!(), line!(), column!()),).manifest(if
        ::core::cfg!(debug_assertions) { ::core::option_env!("CARGO_MANIFEST_DIR") } else
        { _pulsar::Option::None }, ::core::cfg!(debug_assertions)).embedded(EMBEDDED)
    }
};
