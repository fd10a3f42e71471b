;; Vector instructions.
(module (memory (export "memory") 1) (func (export "invoke") (param i32) (result i32) (i32x4.extract_lane 0 (v128.const i32x4 0 0 0 0))))
