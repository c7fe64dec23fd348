/* Debian's libhiredis does an application's work: client PORT. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "not so: %s\n", what);
    exit(1);
}

static redisReply *ask(redisContext *to, const char *request) {
    redisReply *reply = redisCommand(to, request);
    check(reply != NULL, request);
    return reply;
}

static void says(redisContext *to, const char *request, const char *wanted) {
    redisReply *reply = ask(to, request);
    check(reply->str != NULL && strncmp(reply->str, wanted, strlen(wanted)) == 0, request);
    freeReplyObject(reply);
}

static void counts(redisContext *to, const char *request, long long wanted) {
    redisReply *reply = ask(to, request);
    check(reply->type == REDIS_REPLY_INTEGER && reply->integer == wanted, request);
    freeReplyObject(reply);
}

int main(int argc, char **argv) {
    redisContext *redis = redisConnect("127.0.0.1", argc > 1 ? atoi(argv[1]) : 6379);
    redisContext *other = redisConnect("127.0.0.1", argc > 1 ? atoi(argv[1]) : 6379);
    redisReply *reply;
    int index;
    check(redis != NULL && !redis->err && other != NULL && !other->err, "connected");

    says(redis, "FLUSHALL", "OK");
    says(redis, "SET k v", "OK");
    says(redis, "GET k", "v");
    reply = redisCommand(redis, "SET bin %b", "a\0\r\nb", (size_t) 5);
    freeReplyObject(reply);
    counts(redis, "STRLEN bin", 5);
    says(redis, "INCR bin", "ERR value is not an integer");
    reply = ask(redis, "GET missing");
    check(reply->type == REDIS_REPLY_NIL, "a missing key is nil");
    freeReplyObject(reply);

    for (index = 0; index < 1000; index += 1) redisAppendCommand(redis, "INCR n");
    for (index = 0; index < 1000; index += 1) {
        check(redisGetReply(redis, (void **) &reply) == REDIS_OK && reply->integer == index + 1, "pipelined");
        freeReplyObject(reply);
    }
    says(redis, "MULTI", "OK");
    says(redis, "INCR n", "QUEUED");
    reply = ask(redis, "EXEC");
    check(reply->elements == 1 && reply->element[0]->integer == 1001, "EXEC");
    freeReplyObject(reply);

    freeReplyObject(ask(redis, "SUBSCRIBE news"));
    counts(other, "PUBLISH news first", 1);
    check(redisGetReply(redis, (void **) &reply) == REDIS_OK, "a message comes");
    check(reply->elements == 3 && strcmp(reply->element[2]->str, "first") == 0, "the message");
    freeReplyObject(reply);
    freeReplyObject(ask(redis, "UNSUBSCRIBE news"));

    redisAppendCommand(redis, "BLPOP queue 5");
    redisBufferWrite(redis, &index);
    counts(other, "RPUSH queue work", 1);
    check(redisGetReply(redis, (void **) &reply) == REDIS_OK, "BLPOP is answered");
    check(strcmp(reply->element[1]->str, "work") == 0, "with what was pushed");
    freeReplyObject(reply);
    redisFree(redis);
    redisFree(other);
    puts("done");
    return 0;
}
