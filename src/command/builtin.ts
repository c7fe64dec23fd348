// What stands behind the live server's COMMAND when an ACL hides it: the data commands of Redis 7.0 and those that
// Redis 7.4 to 8 added. A name that is missing here costs a lane of its own for the call, never a wrong answer.

/** Commands flagged `readonly`. */
export const builtinReads = `
  bitcount bitfield_ro bitpos dbsize digest dump eval_ro evalsha_ro exists expiretime fcall_ro geodist
  geohash geopos georadius_ro georadiusbymember_ro geosearch get getbit getrange hexists hexpiretime hget
  hgetall hkeys hlen hmget hpexpiretime hpttl hrandfield hscan hstrlen httl hvals keys lcs lindex llen
  lolwut lpos lrange mget pexpiretime pfcount pttl randomkey scan scard sdiff sinter sintercard sismember
  smembers smismember sort_ro srandmember sscan strlen substr sunion touch ttl type vcard vdim vemb
  vgetattr vinfo vismember vlinks vrandmember vsim xlen xpending xrange xread xrevrange zcard zcount
  zdiff zinter zintercard zlexcount zmscore zrandmember zrange zrangebylex zrangebyscore zrank zrevrange
  zrevrangebylex zrevrangebyscore zrevrank zscan zscore zunion
`

/** Commands flagged `write`. */
export const builtinWrites = `
  append bitfield bitop blmove blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin copy decr decrby
  del delex expire expireat flushall flushdb geoadd georadius georadiusbymember geosearchstore getdel
  getex getset hdel hexpire hexpireat hgetdel hgetex hincrby hincrbyfloat hmset hpersist hpexpire
  hpexpireat hset hsetex hsetnx incr incrby incrbyfloat linsert lmove lmpop lpop lpush lpushx lrem lset
  ltrim migrate move mset msetex msetnx persist pexpire pexpireat pfadd pfdebug pfmerge psetex rename
  renamenx restore restore-asking rpop rpoplpush rpush rpushx sadd sdiffstore set setbit setex setnx
  setrange sinterstore smove sort spop srem sunionstore swapdb unlink vadd vrem vsetattr xack xackdel
  xadd xautoclaim xclaim xdel xdelex xreadgroup xsetid xtrim zadd zdiffstore zincrby zinterstore zmpop
  zpopmax zpopmin zrangestore zrem zremrangebylex zremrangebyrank zremrangebyscore zunionstore
`
