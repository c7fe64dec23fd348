# Debian's ruby-redis does an application's work: client.rb PORT.
require 'redis'

def same(found, wanted)
  raise "wanted #{wanted.inspect}, found #{found.inspect}" unless found == wanted
end

redis = Redis.new(port: ARGV[0].to_i)
other = Redis.new(port: ARGV[0].to_i)
redis.flushall
same redis.set('k', 'v', ex: 100), 'OK'
same redis.get('k'), 'v'
same redis.get('missing'), nil
redis.hset('h', 'a', '1', 'b', '2')
same redis.hgetall('h'), { 'a' => '1', 'b' => '2' }
redis.zadd('z', [[1, 'one'], [2.5, 'two']])
same redis.zrange('z', 0, -1, with_scores: true), [['one', 1.0], ['two', 2.5]]
begin
  redis.incr('h')
  raise 'no error'
rescue Redis::CommandError => error
  same error.message.start_with?('WRONGTYPE'), true
end
same redis.multi { |transaction| transaction.set('n', 1); transaction.incr('n') }, ['OK', 2]
lost = redis.watch('n') do
  other.set('n', 'changed')
  redis.multi { |transaction| transaction.set('n', 'lost') }
end
same lost, nil
replies = redis.pipelined { |pipe| 500.times { |index| pipe.set("p#{index}", index); pipe.get("p#{index}") } }
same replies.last, '499'
same redis.scan_each(match: 'p*', count: 50).to_a.uniq.size, 500
sha = redis.script(:load, "return redis.call('INCRBY', KEYS[1], ARGV[1])")
same redis.evalsha(sha, keys: ['counter'], argv: [42]), 42
Thread.new { sleep 0.1; other.rpush('queue', 'work') }
same redis.blpop('queue', timeout: 5), %w[queue work]
heard = []
speaker = Thread.new { sleep 0.01 while other.publish('news', 'first').zero? }
redis.subscribe('news') do |on|
  on.message do |channel, text|
    heard << [channel, text]
    redis.unsubscribe
  end
end
speaker.join
same heard, [%w[news first]]
redis.xadd('events', { kind: 'made' }, id: '1-1')
same redis.xrange('events').size, 1
puts 'done'
