#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    #[automatically_derived]
    impl _pulsar::IntoResponse for ShopError
    where
        Self: ::std::error::Error + ::core::marker::Send + ::core::marker::Sync
            + 'static,
    {
        fn into_response(self) -> _pulsar::Response {
            let problem = match self {
                Self::NoSuchItem { .. } => {
                    _pulsar::Problem::new(_pulsar::StatusCode::NOT_FOUND)
                        .with_detail(_pulsar::ToString::to_string(&self))
                }
                Self::Sold { .. } => {
                    _pulsar::Problem::new(_pulsar::StatusCode::CONFLICT)
                        .with_detail("the item was sold meanwhile")
                }
                Self::Gone { .. } => {
                    _pulsar::Problem::new(
                            _pulsar::StatusCode::from_u16(499)
                                .unwrap_or(_pulsar::StatusCode::INTERNAL_SERVER_ERROR),
                        )
                        .with_detail(_pulsar::ToString::to_string(&self))
                }
                Self::Supplier { .. } => {
                    _pulsar::Problem::new(_pulsar::StatusCode::BAD_GATEWAY)
                        .with_source(self)
                }
                Self::Busy { .. } => {
                    _pulsar::Problem::new(_pulsar::StatusCode::SERVICE_UNAVAILABLE)
                        .with_detail("try again in a minute")
                        .with_source(self)
                }
            };
            _pulsar::IntoResponse::into_response(problem)
        }
    }
};
