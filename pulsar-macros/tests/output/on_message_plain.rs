fn handle(cache: &Cache, (a, b): (u8, u8)) -> Result<()> {}
#[doc(hidden)]
const _: () = {
    use ::pulsar::__private as _pulsar;
    use _pulsar::ReturnedValue as _;
    fn needs() -> _pulsar::Vec<_pulsar::Requirement> {
        _pulsar::From::from([_pulsar::Requirement::of::<Cache>()])
    }
    fn handle_of_ours<'a>(
        context: &'a _pulsar::Context,
        payload: &'a [u8],
    ) -> _pulsar::BoxFuture<'a, _pulsar::Returns> {
        _pulsar::Box::pin(async move {
            let need_1 = context.need::<Cache>();
            let message = _pulsar::payload(
                <(u8, u8) as _pulsar::MessagePayload>::read(payload),
            )?;
            _pulsar::answered_in_pool(
                    context,
                    move || match _pulsar::Returned::<Result<()>>::new()
                        .split(handle(&*need_1, message))
                    {
                        _pulsar::Ok(value) => {
                            _pulsar::answered(_pulsar::MessageAnswer::write(&value))
                        }
                        _pulsar::Err(error) => {
                            _pulsar::Err(_pulsar::Failure::boxed(error))
                        }
                    },
                )
                .await
        })
    }
    _pulsar::inventory::submit! {
        _pulsar::Message::new("stop", needs, handle_of_ours).function("handle")
        .at(_pulsar::Place::new(module_path!(), file!(), line!(), column!()))
    }
};
