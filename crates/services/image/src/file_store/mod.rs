//! The data of images as files of one directory.
//!
//! A file comes into being in `incoming/`, is synced there, and gets its final name only when it is complete. Its name
//! tells the image and the upload, so two uploads never share a file.

mod reader;
mod receiver;

use std::{fmt, fs, io, os::unix::fs::DirBuilderExt, path::PathBuf, str::FromStr};

use uuid::Uuid;

pub(crate) use reader::{ByteRange, DataStream};
pub(crate) use receiver::{Received, Receiver};

use crate::{ImageError, model::ImageId};

/// A file's name: `<image>.<upload>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileName {
    pub(crate) image: ImageId,
    pub(crate) upload: Uuid,
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.image, self.upload.hyphenated())
    }
}

impl FromStr for FileName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (image, upload) = text.split_once('.').ok_or(())?;
        let name = Self { image: image.parse().map_err(|_| ())?, upload: Uuid::try_parse(upload).map_err(|_| ())? };
        // Only what this service would have written: nothing else may be taken for its own.
        if name.to_string() == text { Ok(name) } else { Err(()) }
    }
}

/// The directory.
#[derive(Debug, Clone)]
pub(crate) struct FileStore {
    dir: PathBuf,
}

impl FileStore {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    fn incoming(&self) -> PathBuf {
        self.dir.join("incoming")
    }

    /// Where a complete file is.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.dir.join(file)
    }

    /// Makes the directories.
    pub(crate) async fn prepare(&self) -> Result<(), ImageError> {
        let dir = self.incoming();
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        blocking(move || builder.create(&dir).map_err(|source| failed("make the directory", dir, source))).await
    }

    /// Starts to receive the data of an upload.
    pub(crate) fn receive(&self, name: FileName) -> Receiver {
        Receiver::start(self.incoming().join(name.to_string()))
    }

    /// Gives a received file its final name; durable when this returns.
    pub(crate) async fn complete(&self, name: FileName) -> Result<(), ImageError> {
        let (from, dir) = (self.incoming().join(name.to_string()), self.dir.clone());
        let to = dir.join(name.to_string());
        blocking(move || {
            fs::rename(&from, &to).map_err(|source| failed("rename", from, source))?;
            fs::File::open(&dir)
                .and_then(|dir| dir.sync_all())
                .map_err(|source| failed("sync the directory", dir, source))
        })
        .await
    }

    /// Removes what there is of a file, complete or not.
    pub(crate) async fn remove(&self, file: &str) -> Result<(), ImageError> {
        let paths = [self.incoming().join(file), self.dir.join(file)];
        blocking(move || {
            for path in paths {
                match fs::remove_file(&path) {
                    Err(source) if source.kind() != io::ErrorKind::NotFound => {
                        return Err(failed("remove", path, source));
                    }
                    _ => {}
                }
            }
            Ok(())
        })
        .await
    }

    /// All files that uploads made, complete or not. Other files of the directory are not ours.
    pub(crate) async fn list(&self) -> Result<Vec<FileName>, ImageError> {
        let dirs = [self.incoming(), self.dir.clone()];
        blocking(move || {
            let mut names = Vec::new();
            for dir in dirs {
                let entries = match fs::read_dir(&dir) {
                    Err(source) if source.kind() == io::ErrorKind::NotFound => continue,
                    other => other.map_err(|source| failed("list", dir.clone(), source))?,
                };
                for entry in entries {
                    let entry = entry.map_err(|source| failed("list", dir.clone(), source))?;
                    names.extend(entry.file_name().to_str().and_then(|name| name.parse::<FileName>().ok()));
                }
            }
            Ok(names)
        })
        .await
    }

    /// The data of a complete file, from `range.start` on; none when the file is not here.
    pub(crate) async fn read(&self, file: &str, range: ByteRange) -> Result<Option<DataStream>, ImageError> {
        let path = self.path(file);
        blocking(move || match DataStream::open(&path, range) {
            Ok(stream) => Ok(Some(stream)),
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(failed("read", path, source)),
        })
        .await
    }
}

/// The data of a file anywhere on this machine, with its size in bytes.
pub(crate) async fn open_file(path: PathBuf) -> Result<(u64, DataStream), ImageError> {
    blocking(move || {
        let open = || {
            let length = fs::metadata(&path)?.len();
            Ok((length, DataStream::open(&path, ByteRange { start: 0, length })?))
        };
        open().map_err(|source| failed("read", path.clone(), source))
    })
    .await
}

fn failed(what: &'static str, path: PathBuf, source: io::Error) -> ImageError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ImageError::NoSpace(source),
        _ => ImageError::Store { what, path, source },
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ImageError> + Send + 'static,
) -> Result<T, ImageError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(failed("work in", PathBuf::new(), io::Error::other(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_uploads_are_ours() {
        let name = FileName { image: ImageId::new(), upload: Uuid::new_v4() };
        assert_eq!(name.to_string().parse(), Ok(name));
        for foreign in ["", "tiny.qcow2", "lost+found", &name.image.to_string(), &name.to_string().to_uppercase()] {
            assert_eq!(foreign.parse::<FileName>(), Err(()), "{foreign}");
        }
    }
}
