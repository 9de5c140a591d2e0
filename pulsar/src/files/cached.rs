//! Opening and reading without waiting for a disk: of what the system has in memory.
//!
//! A way to the pool and back costs more than a small file does. So an event loop asks the system first, which answers only if it need not
//! wait (`RESOLVE_CACHED`, `RWF_NOWAIT`). The rule it keeps: an event loop waits for no disk and no other machine. What is not in
//! memory is an error of the kind `WouldBlock`, and is asked again by somebody who may wait.

use std::{fs::File, io, ops::Range, os::fd::BorrowedFd};

use bytes::{Bytes, BytesMut};

/// Whether whoever asks may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// It is a thread for what blocks.
    Some,
    /// It is an event loop.
    None,
}

/// Reads as much of a range as is in memory: less than all of it is no error. The buffer is taken, and can be used again once the bytes
/// are gone: to get and to give back memory for each piece of a file would cost more than to read it.
///
/// # Errors
///
/// `WouldBlock` if the beginning of it is not in memory, `Unsupported` if that cannot be told here, `UnexpectedEof` if the file ends before.
#[cfg(target_os = "linux")]
pub(super) fn read(file: &File, range: &Range<u64>, buffer: &mut BytesMut) -> io::Result<Bytes> {
    use rustix::io::{Errno, ReadWriteFlags, preadv2, retry_on_intr};
    let length = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
    buffer.clear();
    buffer.resize(length, 0);
    let read = retry_on_intr(|| {
        preadv2(file, &mut [io::IoSliceMut::new(buffer)], range.start, ReadWriteFlags::NOWAIT)
    });
    match read {
        Ok(0) if length > 0 => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(count) => {
            buffer.truncate(count);
            Ok(buffer.split().freeze())
        }
        Err(Errno::AGAIN) => Err(io::ErrorKind::WouldBlock.into()),
        // Of the file system; of the kernel; of a sandbox.
        Err(Errno::OPNOTSUPP | Errno::INVAL | Errno::NOSYS | Errno::PERM) => {
            Err(io::ErrorKind::Unsupported.into())
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn read(_: &File, _: &Range<u64>, _: &mut BytesMut) -> io::Result<Bytes> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether a file of this folder is opened without asking anybody, once its name is in memory, and can be read without waiting. A file
/// system of another machine or of a program is asked at each opening; one that is in memory anyway, tmpfs, cannot say so.
#[cfg(target_os = "linux")]
pub(super) fn opens_at_once(folder: BorrowedFd<'_>) -> bool {
    use nix::sys::statfs::{BTRFS_SUPER_MAGIC, EXT4_SUPER_MAGIC, F2FS_SUPER_MAGIC, XFS_SUPER_MAGIC, fstatfs};
    let local = [EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC];
    fstatfs(folder).is_ok_and(|system| local.contains(&system.filesystem_type()))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn opens_at_once(_: BorrowedFd<'_>) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::*;

    #[test]
    fn what_was_just_written_is_in_memory() {
        let path = std::env::temp_dir().join(format!("pulsar-cached-{}", std::process::id()));
        let mut file =
            File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
        fs::remove_file(path).unwrap();
        file.write_all(b"0123456789").unwrap();
        let mut buffer = BytesMut::new();
        for (range, expected) in [(0..10, "0123456789"), (3..5, "34"), (8..20, "89"), (4..4, "")] {
            match read(&file, &range, &mut buffer) {
                Ok(bytes) => assert_eq!(bytes, expected, "{range:?}"),
                // A file system that cannot tell.
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::Unsupported),
            }
        }
        match read(&file, &(10..11), &mut buffer) {
            Ok(bytes) => panic!("{bytes:?} behind the end"),
            Err(error) => assert!(
                matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::Unsupported),
                "{error}"
            ),
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_is_no_file_cannot_tell() {
        let (reader, _writer) = std::os::unix::net::UnixStream::pair().unwrap();
        let socket = File::from(std::os::fd::OwnedFd::from(reader));
        assert!(read(&socket, &(0..1), &mut BytesMut::new()).is_err());
        // The files of `/proc` are made by whoever is asked.
        assert!(!opens_at_once(std::os::fd::AsFd::as_fd(&File::open("/proc").unwrap())));
    }
}
