;; A branch that carries a value, in a loop with a result.
(module (memory (export "memory") 1)
  (func (export "invoke") (param i32) (result i32) (local $i i32)
    (drop (block $b (result i32)
      (loop $l (result i32)
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (drop (br_if $b (i32.const 5) (i32.gt_u (local.get $i) (i32.const 10))))
        (br $l))))
    (i32.sub (local.get $i) (i32.const 11))))
