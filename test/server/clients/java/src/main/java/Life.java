import static java.util.stream.Collectors.toList;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.ConsumerStatus;
import software.amazon.awssdk.services.kinesis.model.GetShardIteratorRequest;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;
import software.amazon.awssdk.services.kinesis.model.StartingPosition;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardEvent;
import software.amazon.awssdk.services.kinesis.model.SubscribeToShardResponseHandler;

/** Life ENDPOINT h1|h2: what everyone who serves Kinesis does to one stream in its life, with AWS SDK for Java 2. */
public final class Life {
  private static final String FIRST = "shardId-000000000000";
  private static final String MIDDLE = "170141183460469231731687303715884105728";

  private final KinesisAsyncClient client;
  private final String stream;

  private Life(KinesisAsyncClient client, String stream) {
    this.client = client;
    this.stream = stream;
  }

  public static void main(String[] args) throws Exception {
    try (var client = Clients.kinesis(args[0], args[1])) {
      new Life(client, "java-" + args[1]).live();
    }
  }

  private void live() throws Exception {
    client.createStream(r -> r.streamName(stream).shardCount(1)).join();
    client.waiter().waitUntilStreamExists(r -> r.streamName(stream)).join();
    Clients.same(client.listStreams().join().streamNames().contains(stream), true);
    putAndRead();
    var arn = settings();
    reshard(arn);
    try {
      client.putRecord(r -> r.streamName("nowhere").partitionKey("x").data(bytes("x"))).join();
      throw new AssertionError("a put to no stream was taken");
    } catch (CompletionException error) {
      Clients.same(error.getCause() instanceof ResourceNotFoundException, true);
    }
    client.deleteStream(r -> r.streamName(stream).enforceConsumerDeletion(true)).join();
    client.waiter().waitUntilStreamNotExists(r -> r.streamName(stream)).join();
  }

  private void putAndRead() {
    var before = Instant.now();
    var one = client.putRecord(r -> r.streamName(stream).partitionKey("one").data(bytes("single"))).join();
    var entries = IntStream.range(0, 10)
        .mapToObj(at -> PutRecordsRequestEntry.builder().partitionKey("key " + at + " é").data(bytes("batch " + at)).build())
        .collect(toList());
    Clients.same(client.putRecords(r -> r.streamName(stream).records(entries)).join().failedRecordCount(), 0);
    var large = new byte[1024 * 1024 - 5];
    Arrays.fill(large, (byte) 0xfe);
    client.putRecord(r -> r.streamName(stream).partitionKey("large").data(SdkBytes.fromByteArray(large))).join();

    var all = read(start(FIRST).shardIteratorType(ShardIteratorType.TRIM_HORIZON), 12);
    Clients.same(all.get(10).partitionKey(), "key 9 é");
    Clients.same(all.get(11).data().asByteArray(), large);
    var arrived = all.get(0).approximateArrivalTimestamp();
    Clients.same(Duration.between(before, arrived).abs().compareTo(Duration.ofMinutes(1)) < 0, true);
    var from = start(FIRST).startingSequenceNumber(one.sequenceNumber());
    Clients.same(text(read(from.shardIteratorType(ShardIteratorType.AT_SEQUENCE_NUMBER), 12).get(0)), "single");
    Clients.same(text(read(from.shardIteratorType(ShardIteratorType.AFTER_SEQUENCE_NUMBER), 11).get(0)), "batch 0");
    var at = start(FIRST).shardIteratorType(ShardIteratorType.AT_TIMESTAMP).timestamp(arrived);
    Clients.same(text(read(at, 12).get(0)), "single");
    var latest = start(FIRST).shardIteratorType(ShardIteratorType.LATEST).build();
    var iterator = client.getShardIterator(latest).join().shardIterator();
    client.putRecord(r -> r.streamName(stream).partitionKey("new").data(bytes("new"))).join();
    Clients.same(text(client.getRecords(r -> r.shardIterator(iterator)).join().records().get(0)), "new");
  }

  private String settings() {
    client.addTagsToStream(r -> r.streamName(stream).tags(Map.of("team", "data"))).join();
    Clients.same(client.listTagsForStream(r -> r.streamName(stream)).join().tags().get(0).value(), "data");
    client.increaseStreamRetentionPeriod(r -> r.streamName(stream).retentionPeriodHours(48)).join();
    var summary = client.describeStreamSummary(r -> r.streamName(stream)).join().streamDescriptionSummary();
    Clients.same(summary.retentionPeriodHours(), 48);
    Clients.same(Duration.between(summary.streamCreationTimestamp(), Instant.now()).toMinutes(), 0L);
    return summary.streamARN();
  }

  private void reshard(String arn) throws Exception {
    var events = new LinkedBlockingQueue<SubscribeToShardEvent>();
    var ended = subscribe(arn, "reader", p -> p.type(ShardIteratorType.LATEST), events);
    // The first event comes when there is one: the answer's head alone says that the subscription holds.
    var began = System.nanoTime();
    client.putRecord(r -> r.streamName(stream).partitionKey("p").data(bytes("pushed"))).join();
    var pushed = withRecords(events);
    System.out.printf("%s: pushed %.1f ms after the put began%n", stream, (System.nanoTime() - began) / 1e6);
    Clients.same(text(pushed.records().get(0)), "pushed");
    client.putRecord(r -> r.streamName(stream).partitionKey("p").data(bytes("continued"))).join();
    var more = new LinkedBlockingQueue<SubscribeToShardEvent>();
    var moreEnded = subscribe(arn, "successor", p -> p.type(ShardIteratorType.AFTER_SEQUENCE_NUMBER)
        .sequenceNumber(pushed.continuationSequenceNumber()), more);
    Clients.same(text(withRecords(more).records().get(0)), "continued");

    client.splitShard(r -> r.streamName(stream).shardToSplit(FIRST).newStartingHashKey(MIDDLE)).join();
    client.waiter().waitUntilStreamExists(r -> r.streamName(stream)).join();
    ended.get(20, TimeUnit.SECONDS);
    moreEnded.get(20, TimeUnit.SECONDS);
    var left = new ArrayList<>(more);
    Clients.same(left.get(left.size() - 1).childShards().size(), 2);
    var parents = client.listShards(r -> r.streamName(stream)).join().shards().stream().map(Shard::parentShardId);
    Clients.same(parents.collect(toList()), Arrays.asList(null, FIRST, FIRST));
    var put = client.putRecord(
        r -> r.streamName(stream).partitionKey("x").explicitHashKey(MIDDLE).data(bytes("upper"))).join();
    Clients.same(put.shardId(), "shardId-000000000002");
    Clients.same(text(read(start(put.shardId()).shardIteratorType(ShardIteratorType.TRIM_HORIZON), 1).get(0)), "upper");
  }

  private CompletableFuture<Void> subscribe(String arn, String name,
      java.util.function.Consumer<StartingPosition.Builder> position, BlockingQueue<SubscribeToShardEvent> into)
      throws Exception {
    var consumer = client.registerStreamConsumer(r -> r.streamARN(arn).consumerName(name)).join().consumer();
    var description = client.describeStreamConsumer(r -> r.consumerARN(consumer.consumerARN())).join();
    Clients.same(description.consumerDescription().consumerStatus(), ConsumerStatus.ACTIVE);
    var answered = new CompletableFuture<Void>();
    var handler = SubscribeToShardResponseHandler.builder()
        .onResponse(response -> answered.complete(null))
        .onError(answered::completeExceptionally)
        .subscriber(SubscribeToShardResponseHandler.Visitor.builder()
            .onSubscribeToShardEvent(into::add).build())
        .build();
    var ended = client.subscribeToShard(
        r -> r.consumerARN(consumer.consumerARN()).shardId(FIRST).startingPosition(position), handler);
    answered.get(20, TimeUnit.SECONDS);
    return ended;
  }

  private static SubscribeToShardEvent withRecords(BlockingQueue<SubscribeToShardEvent> events) throws Exception {
    for (;;) {
      var event = events.poll(20, TimeUnit.SECONDS);
      if (event == null) throw new AssertionError("no event came");
      if (!event.records().isEmpty()) return event;
    }
  }

  private GetShardIteratorRequest.Builder start(String shard) {
    return GetShardIteratorRequest.builder().streamName(stream).shardId(shard);
  }

  private List<Record> read(GetShardIteratorRequest.Builder start, int count) {
    var found = new ArrayList<Record>();
    var iterator = client.getShardIterator(start.build()).join().shardIterator();
    while (found.size() < count && iterator != null) {
      var at = iterator;
      var page = client.getRecords(r -> r.shardIterator(at).limit(5)).join();
      found.addAll(page.records());
      iterator = page.nextShardIterator();
    }
    Clients.same(found.size(), count);
    return found;
  }

  private static SdkBytes bytes(String text) {
    return SdkBytes.fromUtf8String(text);
  }

  private static String text(Record record) {
    return record.data().asString(StandardCharsets.UTF_8);
  }
}
