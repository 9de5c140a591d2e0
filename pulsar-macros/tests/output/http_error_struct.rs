#[doc(hidden)]
const _: () = {
    use my::pulsar::__private as _pulsar;
    #[automatically_derived]
    impl<E> _pulsar::IntoResponse for Failed<E>
    where
        E: std::error::Error,
        Self: ::std::error::Error + ::core::marker::Send + ::core::marker::Sync
            + 'static,
    {
        fn into_response(self) -> _pulsar::Response {
            let problem = _pulsar::Problem::new(
                    _pulsar::StatusCode::INTERNAL_SERVER_ERROR,
                )
                .with_source(self);
            _pulsar::IntoResponse::into_response(problem)
        }
    }
};
