#[cfg(unix)]
#[::core::prelude::v1::test]
fn addition() -> Result<(), E> {
    fn addition() -> Result<(), E> {
        Ok(())
    }
    addition()
}
