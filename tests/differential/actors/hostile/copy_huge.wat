;; A copy whose length alone uses up the gas.
(module (memory (export "memory") 1) (func (export "invoke") (param i32) (result i32) (memory.copy (i32.const 0) (i32.const 0) (i32.const 0xffffffff)) (i32.const 0)))
