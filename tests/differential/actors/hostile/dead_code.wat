;; Code after a return, after a branch, after a trap.
(module (memory (export "memory") 1)
  (func (export "invoke") (param i32) (result i32)
    (block $b (br $b) (drop (i32.add (i32.const 1) (i32.const 2))) (drop (memory.grow (i32.const 1))))
    (loop $l (block $out (br_if $out (i32.const 1)) (br $l)))
    (if (i32.const 0) (then unreachable) (else (nop)))
    (return (i32.const 0))
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 9))
    unreachable))
