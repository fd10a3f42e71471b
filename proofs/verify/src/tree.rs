//! Which Merkle tree a sector of a given size has over its replica: the library's functions are generic over its shape.

/// Calls `$function::<Tree>($arguments…)` with the tree of sectors of `$size` bytes, which gives a result.
///
/// Sizes are those of the network (2 KiB, 8 MiB, 512 MiB, 32 GiB, 64 GiB); another is malformed.
macro_rules! with_tree {
    ($size:expr, $function:ident($($argument:expr),* $(,)?)) => {{
        use filecoin_proofs::constants::{
            SECTOR_SIZE_2_KIB, SECTOR_SIZE_8_MIB, SECTOR_SIZE_32_GIB, SECTOR_SIZE_64_GIB,
            SECTOR_SIZE_512_MIB, SectorShapeBase, SectorShapeSub8, SectorShapeTop2,
        };
        match $size {
            SECTOR_SIZE_2_KIB | SECTOR_SIZE_8_MIB | SECTOR_SIZE_512_MIB => {
                $function::<SectorShapeBase>($($argument),*)
            }
            SECTOR_SIZE_32_GIB => $function::<SectorShapeSub8>($($argument),*),
            SECTOR_SIZE_64_GIB => $function::<SectorShapeTop2>($($argument),*),
            size => Err(filigree_vm::VerifyError::Malformed(format!(
                "no sector has {size} bytes"
            ))),
        }
    }};
}

pub(crate) use with_tree;
