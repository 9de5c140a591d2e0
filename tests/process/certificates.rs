//! Certificates and keys that a program cannot serve with: exit code 2, which file, what was found in it, what to do.

use std::{
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
};

use pulsar_tests::{
    Folder,
    certificates::{Authority, Issued, pem},
    program::{Finished, Running, example, finish},
};
use rcgen::{ExtendedKeyUsagePurpose, KeyPair};

/// Flags and files by their names in the folder, then parts of the message.
struct Case<'a>(&'a [(&'a str, &'a str)], &'a [&'a str]);

fn arguments(flags: &[(&str, &str)]) -> Vec<String> {
    flags.iter().map(|(flag, value)| format!("--{flag}={value}")).collect()
}

fn check_config(folder: &Path, flags: &[(&str, &str)]) -> Finished {
    let mut command = example("hello");
    command.current_dir(folder).arg("--check-config").args(arguments(flags));
    finish(command)
}

/// A folder with good and bad files.
fn files() -> Folder {
    let folder = Folder::new();
    let authority = Authority::new("an authority");
    let (good, other) = (authority.issue(&["shop.example"]), authority.issue(&["other.example"]));
    good.write(&folder, "good");
    other.write(&folder, "other");
    folder.write("both.pem", &format!("{}{}", good.pem(), good.key_pem()));
    folder.write("chain.pem", &format!("{}{}", good.pem(), authority.pem()));
    folder.write("wrong-order.pem", &format!("{}{}", authority.pem(), good.pem()));
    folder.write("two-keys.key", &format!("{}{}", good.key_pem(), other.key_pem()));
    folder.write("ca.pem", &authority.pem());
    folder.write("expired.pem", &expired(&authority, &good).pem());
    folder.write("empty.pem", "  \n");
    folder.write("garbage.pem", "this is a letter to nobody\n");
    folder.write("cut.pem", good.pem().split("-----END").next().expect("a part"));
    folder.write("damaged.pem", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
    folder.write("nonsense.pem", &pem("CERTIFICATE", b"no certificate"));
    folder.write("nonsense.key", &pem("PRIVATE KEY", b"no key"));
    folder.write("request.pem", &pem("CERTIFICATE REQUEST", b"x"));
    folder.write("public.key", &pem("PUBLIC KEY", b"x"));
    let encrypted = fs::read_to_string(pulsar_tests::workspace().join("tests/keys/rsa.encrypted.pem"));
    folder.write("encrypted.key", &encrypted.expect("it is part of the sources"));
    let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,09B7\n\n\
               09B7\n-----END RSA PRIVATE KEY-----\n";
    folder.write("old-encrypted.key", old);
    fs::write(folder.join("binary.pem"), &*good.certificate).expect("the folder can be written to");
    fs::create_dir(folder.join("folder.pem")).expect("the folder can be written to");
    folder
}

/// The certificate that the key of another one had before.
fn expired(authority: &Authority, of: &Issued) -> Issued {
    let pkcs8 = rustls::pki_types::PrivateKeyDer::try_from(of.key_der()).expect("it is a key");
    authority.issue_for(&["shop.example"], KeyPair::try_from(&pkcs8).expect("it is a key"), |params| {
        params.not_before = rcgen::date_time_ymd(2000, 1, 1);
        params.not_after = rcgen::date_time_ymd(2001, 2, 3);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    })
}

#[allow(clippy::too_many_lines)] // It is a table.
#[test]
fn what_is_wrong_with_a_file_is_said_with_a_way_out() {
    let folder = files();
    for Case(flags, parts) in [
        Case(
            &[("cert-file", "none.pem"), ("key-file", "good.key")],
            &["error: the certificate file none.pem does not exist", "relative to the working directory"],
        ),
        Case(
            &[("cert-file", "good.pem"), ("key-file", "none.key")],
            &["error: the key file none.key does not exist"],
        ),
        // All at once.
        Case(
            &[("cert-file", "none.pem"), ("key-file", "empty.pem")],
            &["the certificate file none.pem does not exist", "the key file empty.pem is empty"],
        ),
        Case(
            &[("cert-file", "empty.pem"), ("key-file", "good.key")],
            &["the certificate file empty.pem is empty. Write it anew"],
        ),
        Case(
            &[("cert-file", "folder.pem"), ("key-file", "good.key")],
            &["the certificate file folder.pem is no file, but a folder or a device"],
        ),
        Case(
            &[("cert-file", "garbage.pem"), ("key-file", "good.key")],
            &["the certificate file garbage.pem has nothing in PEM, which begins with `-----BEGIN`"],
        ),
        Case(
            &[("cert-file", "binary.pem"), ("key-file", "good.key")],
            &["the certificate file binary.pem is binary, not PEM. Convert it: `openssl x509 -inform der"],
        ),
        Case(
            &[("cert-file", "cut.pem"), ("key-file", "good.key")],
            &["the certificate file cut.pem is damaged: a `-----BEGIN` has no `-----END`"],
        ),
        Case(
            &[("cert-file", "damaged.pem"), ("key-file", "good.key")],
            &["the certificate file damaged.pem is damaged: ", "stands what is no base64"],
        ),
        Case(
            &[("cert-file", "nonsense.pem"), ("key-file", "good.key")],
            &["the certificate in nonsense.pem cannot be used: ", "Have it issued anew"],
        ),
        Case(
            &[("cert-file", "request.pem"), ("key-file", "good.key")],
            &["the certificate file request.pem has a request for a certificate, but no certificate"],
        ),
        Case(
            &[("cert-file", "good.key"), ("key-file", "good.pem")],
            &[
                "the certificate file good.key has a private key, but no certificate",
                "`cert_file` and `key_file` seem to be exchanged: good.pem has a certificate",
            ],
        ),
        Case(
            &[("cert-file", "good.pem")],
            &[
                "the certificate file good.pem has a certificate, but no private key, and `key_file` is not set",
            ],
        ),
        Case(
            &[("cert-file", "good.pem"), ("key-file", "chain.pem")],
            &[
                "the key file chain.pem has 2 certificates, but no private key",
                "the certificate was asked for with",
            ],
        ),
        Case(
            &[("cert-file", "good.pem"), ("key-file", "public.key")],
            &["the key file public.key has a public key, but no private key"],
        ),
        Case(
            &[("cert-file", "good.pem"), ("key-file", "encrypted.key")],
            &[
                "the key in the key file encrypted.key is encrypted",
                "`openssl pkey -in encrypted.key -out plain.key`",
            ],
        ),
        Case(
            &[("cert-file", "good.pem"), ("key-file", "old-encrypted.key")],
            &["the key in the key file old-encrypted.key is encrypted"],
        ),
        Case(
            &[("cert-file", "good.pem"), ("key-file", "two-keys.key")],
            &["the key file two-keys.key has 2 private keys"],
        ),
        Case(
            &[("cert-file", "good.pem"), ("key-file", "nonsense.key")],
            &["the key in nonsense.key is damaged, or of a kind that is not used here", "Ed25519"],
        ),
        Case(
            &[("cert-file", "good.pem"), ("key-file", "other.key")],
            &["the key in other.key does not belong to the certificate in good.pem"],
        ),
        Case(
            &[("cert-file", "wrong-order.pem"), ("key-file", "good.key")],
            &["the key in good.key belongs to the certificate number 2 in wrong-order.pem, not to the first"],
        ),
        Case(
            &[
                ("cert-file", "good.pem"),
                ("key-file", "other.key"),
                ("cert-file", "other.pem"),
                ("key-file", "good.key"),
            ],
            &[
                "other.key does not belong to the certificate in good.pem",
                "good.key does not belong to the",
                "in the order",
            ],
        ),
        Case(
            &[("cert-file", "both.pem"), ("ca-file", "none.pem"), ("client-verify", "required")],
            &["the file of certification authorities none.pem does not exist"],
        ),
        Case(
            &[("cert-file", "both.pem"), ("ca-file", "good.key"), ("client-verify", "required")],
            &["the file of certification authorities good.key has a private key, but no certificate"],
        ),
        Case(
            &[("cert-file", "both.pem"), ("ca-file", "nonsense.pem"), ("client-verify", "optional")],
            &[
                "the certificate number 1 in the file of certification authorities nonsense.pem cannot be used",
            ],
        ),
    ] {
        let finished = check_config(folder.path(), flags);
        finished.assert_code(2).assert_calm().assert_stderr(parts);
        assert_eq!(finished.stdout, "", "{flags:?}");
    }
}

#[test]
fn good_files_are_good_together() {
    let folder = files();
    for flags in [
        &[("cert-file", "good.pem"), ("key-file", "good.key")][..],
        &[("cert-file", "chain.pem"), ("key-file", "both.pem")],
        &[("cert-file", "both.pem")],
        &[("cert-file", "both.pem"), ("ca-file", "chain.pem"), ("client-verify", "required")],
        &[
            ("cert-file", "good.pem"),
            ("key-file", "good.key"),
            ("cert-file", "other.pem"),
            ("key-file", "other.key"),
        ],
    ] {
        let finished = check_config(folder.path(), flags);
        finished.assert_code(0);
        assert_eq!((finished.stdout.as_str(), finished.stderr.as_str()), ("the settings are right\n", ""));
    }
    let keys = pulsar_tests::workspace().join("tests/keys");
    for (name, generated) in [("rsa.pkcs8", "rsa.pkcs8"), ("rsa.pkcs1", "rsa.pkcs8"), ("ec.sec1", "ec.pkcs8")]
    {
        use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
        let key = PrivateKeyDer::from_pem_file(keys.join(format!("{generated}.pem"))).expect("it is a key");
        let key = KeyPair::try_from(&key).expect("it is a key");
        let issued = Authority::new("an authority").issue_for(&["shop.example"], key, |_| {});
        folder.write("issued.pem", &issued.pem());
        let path = keys.join(format!("{name}.pem")).display().to_string();
        check_config(folder.path(), &[("cert-file", "issued.pem"), ("key-file", &path)]).assert_code(0);
    }
}

#[test]
fn a_certificate_that_is_out_of_date_is_a_warning() {
    let folder = files();
    let flags = [("cert-file", "expired.pem"), ("key-file", "good.key")];
    let warning =
        "the certificate in expired.pem expired on 2001-02-03T00:00:00Z; clients will refuse it. Renew it";
    check_config(folder.path(), &flags).assert_code(0).assert_stderr(&["warning: ", warning]);
    let check = |flags| {
        let mut command = example("hello");
        command.current_dir(folder.path()).arg("check").args(arguments(flags));
        finish(command)
    };
    check(&flags).assert_code(1).assert_stderr(&["warning: ", warning]);
    check(&[("cert-file", "expired.pem"), ("key-file", "other.key")])
        .assert_code(1)
        .assert_stderr(&["error: the key in other.key does not belong"]);
    // It serves all the same, and says so once, however many workers there are.
    let mut command = example("hello");
    command.current_dir(folder.path()).args(arguments(&flags)).args(["-b", "127.0.0.1:0", "-w", "2"]);
    let finished = Running::start(command, 1).stop();
    assert_eq!(finished.stderr.matches(warning).count(), 1, "{finished}");
}

#[test]
fn nothing_starts_with_a_wrong_certificate() {
    let folder = files();
    for workers in ["0", "2"] {
        let mut command = example("hello");
        command.current_dir(folder.path()).args(["-b", "127.0.0.1:0", "--workers", workers]);
        command.args(["--cert-file", "good.pem", "--key-file", "other.key"]);
        let finished = finish(command);
        finished.assert_code(2).assert_calm();
        assert_eq!(
            finished.stderr,
            "error: the key in other.key does not belong to the certificate in good.pem. Name the key that the certificate \
             was asked for with; of several, in the order of the certificates\n"
        );
    }
}

#[test]
fn a_file_that_may_not_be_read_is_told_with_who_may_not() {
    let folder = files();
    fs::set_permissions(folder.join("good.key"), Permissions::from_mode(0o000)).expect("the file is ours");
    let mut command = example("hello");
    command.current_dir(folder.path()).arg("--check-config");
    command.args(["--cert-file", "good.pem", "--key-file", "good.key"]);
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if is_root {
        // Whom no permission keeps from anything. The program has to be where somebody else can start it.
        let copy = folder.join("hello");
        fs::copy(command.get_program(), &copy).expect("it can be copied");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("the folder is ours");
        let mut other = pulsar_tests::program::program(&copy);
        other.args(command.get_args()).current_dir(folder.path()).uid(65_534).gid(65_534);
        command = other;
    }
    finish(command).assert_code(2).assert_stderr(&[
        "error: the key file good.key may not be read by the user ",
        if is_root { "(65534)" } else { "(" },
        "Give this user the right to read it",
    ]);
}
