<?php
// Known numbers of calls, once a line comes.
class Shop
{
    public function buy($n) { return $n + 1; }
}
function deep($n) { return $n > 1 ? deep($n - 1) : 0; }
function plain($n) { return $n; }

echo "pid ", getmypid(), "\n";
fgets(STDIN);
for ($i = 0; $i < 97; $i++) plain($i);
$shop = new Shop();
for ($i = 0; $i < 13; $i++) $shop->buy($i);
deep(5);
