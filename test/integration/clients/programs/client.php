<?php
// Debian's php-redis does an application's work: client.php PORT.
function same($found, $wanted)
{
    if ($found !== $wanted) {
        throw new Exception('wanted ' . var_export($wanted, true) . ', found ' . var_export($found, true));
    }
}

$redis = new Redis();
$redis->connect('127.0.0.1', (int) $argv[1]);
$redis->flushAll();
same($redis->set('k', 'v', ['ex' => 100]), true);
same($redis->get('k'), 'v');
same($redis->get('missing'), false);
$redis->hMSet('h', ['a' => '1', 'b' => '2']);
same($redis->hGetAll('h'), ['a' => '1', 'b' => '2']);
$redis->zAdd('z', 1, 'one', 2.5, 'two');
same($redis->zRange('z', 0, -1, true), ['one' => 1.0, 'two' => 2.5]);
same($redis->incr('h'), false);
same(strpos($redis->getLastError(), 'WRONGTYPE'), 0);
same($redis->multi()->set('n', '1')->incr('n')->get('n')->exec(), [true, 2, '2']);

$other = new Redis();
$other->connect('127.0.0.1', (int) $argv[1]);
$redis->watch('n');
$other->set('n', 'changed');
same($redis->multi()->set('n', 'lost')->exec(), false);

$pipe = $redis->multi(Redis::PIPELINE);
for ($index = 0; $index < 500; $index++) {
    $pipe->set("p$index", (string) $index)->get("p$index");
}
same($pipe->exec()[999], '499');

$redis->setOption(Redis::OPT_SCAN, Redis::SCAN_RETRY);
$found = [];
$cursor = null;
while ($keys = $redis->scan($cursor, 'p*', 50)) {
    foreach ($keys as $key) {
        $found[$key] = true;
    }
}
same(count($found), 500);

$script = "return redis.call('INCRBY', KEYS[1], ARGV[1])";
same($redis->eval($script, ['counter', 2], 1), 2);
same($redis->evalSha(sha1($script), ['counter', 40], 1), 42);
$other->rPush('queue', 'work');
same($redis->blPop(['queue'], 1), ['queue', 'work']);
same($redis->blPop(['queue'], 1), []);
same($redis->select(3), true);
same($redis->get('k'), false);

// A session, as a PHP application keeps it.
ini_set('session.save_handler', 'redis');
ini_set('session.save_path', "tcp://127.0.0.1:{$argv[1]}");
session_id('ofthetest');
session_start();
$_SESSION['views'] = 1;
session_write_close();
session_start();
same($_SESSION['views'], 1);
session_write_close();

$heard = [];
$say = "\$redis = new Redis();"
    . "\$redis->connect('127.0.0.1', {$argv[1]});"
    . "while (\$redis->publish('news', 'first') === 0) usleep(10000);";
$speaker = proc_open([PHP_BINARY, '-r', $say], [], $pipes);
$other->setOption(Redis::OPT_READ_TIMEOUT, 1);
try {
    $other->subscribe(['news'], function ($redis, $channel, $text) use (&$heard) {
        $heard[] = "$channel: $text";
    });
} catch (RedisException $silence) {
    // This is how the loop of this version ends.
}
proc_close($speaker);
same($heard, ['news: first']);
echo "done\n";
