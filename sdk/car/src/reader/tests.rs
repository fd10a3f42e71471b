//! The reader against files that are whole, cut, and wrong.

use proptest::prelude::*;

use super::*;
use crate::CarWriter;

fn raw(data: &[u8]) -> Cid {
    Cid::new_v1(0x55, Code::Blake2b256.digest(data))
}

fn write(blocks: &[Vec<u8>]) -> Vec<u8> {
    let mut writer = CarWriter::new(Vec::new(), &[raw(b"root")]).unwrap();
    for block in blocks {
        writer.write(&raw(block), block).unwrap();
    }
    let bytes = writer.bytes();
    let car = writer.finish().unwrap();
    assert_eq!(car.len() as u64, bytes);
    car
}

fn sample() -> Vec<u8> {
    write(&[b"first".to_vec(), vec![7; 300], Vec::new()])
}

fn read(bytes: impl BufRead) -> Result<Vec<Block>, CarError> {
    CarReader::new(bytes)?.collect()
}

#[test]
fn what_is_written_is_read() {
    let bytes = sample();
    let mut reader = CarReader::new(&bytes[..]).unwrap();
    assert_eq!(reader.roots(), [raw(b"root")]);
    let blocks: Vec<Block> = reader.by_ref().collect::<Result<_, _>>().unwrap();
    let data: Vec<&[u8]> = blocks.iter().map(|block| &block.data[..]).collect();
    assert_eq!(data, [b"first", &[7; 300][..], b""]);
    assert_eq!(reader.offset(), bytes.len() as u64);
}

#[test]
fn sections_are_where_they_say_read_or_skipped() {
    let bytes = sample();
    let mut reader = CarReader::new(&bytes[..]).unwrap();
    let mut seeker = CarReader::new(BufReader::new(io::Cursor::new(&bytes))).unwrap();
    for expected in read(&bytes[..]).unwrap() {
        let section = reader.next_section().unwrap().unwrap();
        assert_eq!(
            (section.cid, section.offset),
            (expected.cid, expected.offset)
        );
        let (from, len) = (section.data_offset as usize, section.data_bytes as usize);
        assert_eq!(bytes[from..from + len], expected.data);
        assert_eq!(seeker.next_section().unwrap(), Some(section));
        seeker.seek_past_data().unwrap();
    }
    assert_eq!(reader.next_section().unwrap(), None);
    assert_eq!(seeker.next_section().unwrap(), None);
    assert_eq!(seeker.offset(), bytes.len() as u64);
}

#[test]
fn damage_is_named() {
    let bytes = sample();
    let check = |bytes: &[u8], part: &str| {
        let error = read(bytes).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    check(b"", "empty");
    check(b"\0asm\x01\0\0\0", "not a CAR");
    check(b"\x28\xb5\x2f\xfd and so on", "compressed");
    check(&[0xff; 10], "byte 0 does not begin a length");
    check(
        b"\xff\xff\xff\xff\x0f",
        "announces 4294967295 bytes, 0 are left",
    );
    check(b"\xff\xff\xff\xff\x0fx", "too long");
    check(b"\x80\x00", "does not begin a length");
    check(b"\x0a\xa1\x67version\x02rest", "version 2");
    check(&bytes[..bytes.len() - 1], "cut off");
    let mut flipped = bytes.clone();
    let at = bytes.windows(5).position(|data| data == b"first").unwrap();
    flipped[at] = b'F';
    check(&flipped, "another digest");
    let end = bytes.len();
    for tail in [&b"\x01\x00"[..], b"\x00"] {
        check(
            &[&bytes[..], tail].concat(),
            &format!("the block at byte {end} has no CID"),
        );
    }
    let strange = Cid::new_v1(
        0x55,
        cid::multihash::Multihash::wrap(0x99, &[1; 32]).unwrap(),
    );
    let mut writer = CarWriter::new(Vec::new(), &[strange]).unwrap();
    writer.write(&strange, b"x").unwrap();
    check(&writer.finish().unwrap(), "hash function 0x99");
}

#[test]
fn a_header_without_roots_is_none() {
    let car = CarWriter::new(Vec::new(), &[]).unwrap().finish().unwrap();
    let error = read(&car[..]).unwrap_err().to_string();
    assert!(error.contains("names no root"), "{error}");
}

/// A length of almost two to the 62 takes no memory before the bytes come; one of 65 MiB that comes is refused, and skipped if asked.
#[test]
fn long_blocks_are_refused_before_they_are_read() {
    let cid = raw(b"x").to_bytes();
    let mut car = CarWriter::new(Vec::new(), &[raw(b"x")])
        .unwrap()
        .finish()
        .unwrap();
    let huge = [&car[..], &[0xff; 8], &[0x3f], &cid].concat();
    let error = read(&huge[..]).unwrap_err();
    assert!(matches!(error, CarError::TooLong { .. }), "{error}");

    let data = MAX_BLOCK_BYTES + 1;
    let len = data + cid.len() as u64;
    car.extend((0..4).map(|i| (len >> (7 * i)) as u8 & 0x7f | if i < 3 { 0x80 } else { 0 }));
    car.extend(&cid);
    let zeros = || BufReader::new(io::repeat(0)).take(data);
    let error = read(car.chain(zeros())).unwrap_err();
    assert!(
        matches!(error, CarError::TooLong { bytes, .. } if bytes == data),
        "{error}"
    );
    let mut reader = CarReader::new(car.chain(zeros())).unwrap();
    assert_eq!(reader.next_section().unwrap().unwrap().data_bytes, data);
    assert_eq!(reader.next_section().unwrap(), None);
}

/// A reader that fails in the middle is not the end of the file.
#[test]
fn a_failing_input_is_no_end() {
    struct Failing<'a>(&'a [u8]);
    impl Read for Failing<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            match self.0.read(out)? {
                0 => Err(io::Error::other("no more")),
                read => Ok(read),
            }
        }
    }
    let bytes = sample();
    for len in 0..=bytes.len() {
        let error = read(BufReader::new(Failing(&bytes[..len]))).unwrap_err();
        let is_named = matches!(error, CarError::Io { .. } | CarError::Cid { .. });
        assert!(is_named, "{len}: {error}");
    }
}

#[test]
fn every_cut_is_noticed_or_between_blocks() {
    let bytes = sample();
    let whole = read(&bytes[..]).unwrap();
    for length in 0..bytes.len() {
        match read(&bytes[..length]) {
            Ok(blocks) => {
                assert!(blocks.len() < whole.len());
                assert_eq!(blocks[..], whole[..blocks.len()]);
            }
            Err(CarError::Truncated { .. } | CarError::Header(_) | CarError::Length { .. }) => {}
            Err(other) => panic!("{length}: {other}"),
        }
    }
}

proptest! {
    #[test]
    fn any_blocks_survive(blocks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..20)) {
        let car = write(&blocks);
        let found: Vec<Vec<u8>> = read(&car[..]).unwrap().into_iter().map(|b| b.data).collect();
        prop_assert_eq!(found, blocks);
    }

    /// One byte of a file is changed: then the file is refused, or every block that is read is one that was written.
    #[test]
    fn a_changed_byte_brings_no_false_block(at: proptest::sample::Index, byte: u8) {
        let good = sample();
        let whole = read(&good[..]).unwrap();
        let mut car = good.clone();
        let at = at.index(car.len());
        car[at] = byte;
        if let Ok(blocks) = read(&car[..]) {
            for block in blocks {
                // The codec stands beside the digest: that byte changes the CID, not what is under it.
                prop_assert!(whole.iter().any(|b| b.data == block.data && b.cid.hash() == block.cid.hash()));
            }
        }
    }

    #[test]
    fn random_bytes_do_no_harm(bytes: Vec<u8>) {
        let _ = read(&bytes[..]);
        let _ = read(&[&sample()[..], &bytes].concat()[..]);
    }
}
