#[::core::prelude::v1::test]
fn addition() {
    async fn addition() {
        assert_eq!(1 + 1, 2);
    }
    ::pulsar::__private::run_alone(addition)
}
