fn program() -> Program {
    ::pulsar::testing::program!().assert_sound()
}
