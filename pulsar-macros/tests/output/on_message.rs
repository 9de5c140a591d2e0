async fn clear(key: String, cache: State<Cache>) -> usize {}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    use _pulsar::ReturnedValue as _;
    fn needs() -> _pulsar::Vec<_pulsar::Requirement> {
        _pulsar::From::from([_pulsar::Requirement::of::<Cache>()])
    }
    fn handle<'a>(
        context: &'a _pulsar::Context,
        payload: &'a [u8],
    ) -> _pulsar::BoxFuture<'a, _pulsar::Returns> {
        _pulsar::Box::pin(async move {
            let message = _pulsar::payload(
                <String as _pulsar::MessagePayload>::read(payload),
            )?;
            let need_2 = context.need::<Cache>();
            match _pulsar::Returned::<usize>::new()
                .split(clear(message, _pulsar::State(need_2)).await)
            {
                _pulsar::Ok(value) => {
                    _pulsar::answered(_pulsar::MessageAnswer::write(&value))
                }
                _pulsar::Err(error) => _pulsar::Err(_pulsar::Failure::boxed(error)),
            }
        })
    }
    _pulsar::inventory::submit! {
        _pulsar::Message::new("cache.clear", needs, handle).function("clear")
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
    }
};
