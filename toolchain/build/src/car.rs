//! CAR files in memory, without a copy of their blocks. Larger ones, such as snapshots of a chain, are streams:
//! see `filigree_car`, which reads and writes these too.

use cid::Cid;
use filigree_car::{CarReader, CarWriter, verify};

pub use filigree_car::CarError;

/// A CAR file taken apart.
#[derive(Clone, Debug)]
pub struct Car<'a> {
    /// The CIDs the file is about.
    pub roots: Vec<Cid>,
    /// The blocks in order, each with where its data begins.
    pub blocks: Vec<Block<'a>>,
}

/// A block of a CAR file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// Its CID, which its data has been compared with.
    pub cid: Cid,
    /// Its data.
    pub data: &'a [u8],
}

impl<'a> Car<'a> {
    /// Reads a CAR file.
    pub fn read(bytes: &'a [u8]) -> Result<Car<'a>, CarError> {
        let mut reader = CarReader::new(bytes)?;
        let mut blocks = Vec::new();
        while let Some(section) = reader.next_section()? {
            let rest = bytes
                .get(section.data_offset as usize..)
                .unwrap_or_default();
            let wanted = section.data_bytes;
            let Some(data) = usize::try_from(wanted).ok().and_then(|len| rest.get(..len)) else {
                return Err(CarError::Truncated {
                    offset: section.offset,
                    wanted,
                    left: rest.len() as u64,
                });
            };
            verify(section.offset, &section.cid, data)?;
            blocks.push(Block {
                cid: section.cid,
                data,
            });
        }
        Ok(Car {
            roots: reader.roots().to_vec(),
            blocks,
        })
    }

    /// The data of the block with that CID.
    pub fn get(&self, cid: &Cid) -> Option<&'a [u8]> {
        self.blocks.iter().find(|b| b.cid == *cid).map(|b| b.data)
    }
}

/// Writes a CAR file.
pub fn write<'a>(root: Cid, blocks: impl IntoIterator<Item = (Cid, &'a [u8])>) -> Vec<u8> {
    let car = CarWriter::new(Vec::new(), &[root]).and_then(|mut writer| {
        for (cid, data) in blocks {
            writer.write(&cid, data)?;
        }
        writer.finish()
    });
    car.expect("memory takes what is written")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::code_cid;

    fn sample() -> Vec<u8> {
        let blocks: Vec<Vec<u8>> = vec![b"first".to_vec(), vec![7; 300], Vec::new()];
        let blocks: Vec<(Cid, &[u8])> =
            blocks.iter().map(|b| (code_cid(b), b.as_slice())).collect();
        write(blocks[0].0, blocks.clone())
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = sample();
        let car = Car::read(&bytes).unwrap();
        assert_eq!(car.roots, [code_cid(b"first")]);
        assert_eq!(car.blocks.len(), 3);
        assert_eq!(car.get(&code_cid(&[7; 300])), Some(&[7; 300][..]));
        assert_eq!(car.get(&code_cid(b"other")), None);
    }

    #[test]
    fn damage_is_named() {
        let bytes = sample();
        let check = |bytes: &[u8], part: &str| {
            let error = Car::read(bytes).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        check(b"", "empty");
        check(b"\0asm\x01\0\0\0", "not a CAR");
        check(
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            "does not begin a length",
        );
        check(
            b"\xff\xff\xff\xff\x0f",
            "announces 4294967295 bytes, 0 are left",
        );
        check(b"\x80\x00", "does not begin a length");
        check(b"\x0a\xa1\x67version\x02rest", "version 2");
        check(&bytes[..bytes.len() - 1], "cut off");
        let mut flipped = bytes.clone();
        let at = bytes.iter().position(|b| *b == b'f').unwrap();
        flipped[at] = b'F';
        check(&flipped, "another digest");
        check(&[&bytes[..], b"\x01\x00"].concat(), "no CID");
        check(&[&bytes[..], b"\x00"].concat(), "no CID");
    }

    #[test]
    fn every_cut_is_noticed_or_between_blocks() {
        let bytes = sample();
        let whole = Car::read(&bytes).unwrap();
        for length in 0..bytes.len() {
            if let Ok(car) = Car::read(&bytes[..length]) {
                assert!(car.blocks.len() < whole.blocks.len());
                assert_eq!(car.blocks[..], whole.blocks[..car.blocks.len()]);
            }
        }
    }

    proptest! {
        #[test]
        fn random_and_damaged_bytes_do_no_harm(bytes: Vec<u8>, at: usize, byte: u8) {
            let _ = Car::read(&bytes);
            let mut car = sample();
            let at = at % car.len();
            car[at] = byte;
            let _ = Car::read(&car);
        }
    }
}
