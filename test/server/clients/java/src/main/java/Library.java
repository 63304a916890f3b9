import com.amazonaws.services.dynamodbv2.local.embedded.DynamoDBEmbedded;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.common.KinesisClientUtil;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * Library ENDPOINT fan-out|polling: the Kinesis Client Library consumes a stream that is split meanwhile: every record once,
 * each shard to its end, children after their parent. Its leases lie in a DynamoDB in this process.
 */
public final class Library {
  private static final int COUNT = 200;
  private static final String MIDDLE = "170141183460469231731687303715884105728";

  private final Map<String, String> seen = new ConcurrentHashMap<>();
  private final Map<String, Boolean> endedShards = new ConcurrentHashMap<>();
  private final CountDownLatch parent = new CountDownLatch(COUNT);
  private final CountDownLatch all = new CountDownLatch(2 * COUNT);

  public static void main(String[] args) throws Exception {
    new Library().run(args[0], args[1]);
    System.exit(0); // threads of DynamoDB stay
  }

  private void run(String endpoint, String retrieval) throws Exception {
    var stream = "library-" + retrieval;
    var dynamo = DynamoDBEmbedded.create().dynamoDbAsyncClient();
    var kinesis = KinesisClientUtil.createKinesisAsyncClient(KinesisAsyncClient.builder()
        .endpointOverride(URI.create(endpoint)).region(Clients.REGION).credentialsProvider(Clients.CREDENTIALS));
    var cloudWatch = CloudWatchAsyncClient.builder().endpointOverride(URI.create(endpoint))
        .region(Clients.REGION).credentialsProvider(Clients.CREDENTIALS).build();
    kinesis.createStream(r -> r.streamName(stream).shardCount(1)).join();
    put(kinesis, stream, 0);

    var start = InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON);
    var configs = new ConfigsBuilder(new SingleStreamTracker(stream, start), "application-" + retrieval, kinesis, dynamo,
        cloudWatch, "worker", Processor::new);
    var retrieving = configs.retrievalConfig();
    if (retrieval.equals("polling")) {
      retrieving.retrievalSpecificConfig(
          new PollingConfig(stream, kinesis).idleTimeBetweenReadsInMillis(200));
    }
    var scheduler = new Scheduler(
        configs.checkpointConfig(),
        configs.coordinatorConfig().parentShardPollIntervalMillis(200).shardConsumerDispatchPollIntervalMillis(100),
        configs.leaseManagementConfig().failoverTimeMillis(2_000).shardSyncIntervalMillis(1_000),
        configs.lifecycleConfig(),
        configs.metricsConfig().metricsFactory(new NullMetricsFactory()),
        configs.processorConfig(),
        retrieving);
    var worker = new Thread(scheduler, "worker");
    worker.start();
    require(parent.await(120, TimeUnit.SECONDS), "records of the parent are missing: " + parent.getCount());
    kinesis.splitShard(r -> r.streamName(stream).shardToSplit("shardId-000000000000").newStartingHashKey(MIDDLE)).join();
    put(kinesis, stream, COUNT);
    require(all.await(120, TimeUnit.SECONDS), "records of the children are missing: " + all.getCount());
    require(endedShards.containsKey("shardId-000000000000"), "the parent did not end before its children");
    require(scheduler.startGracefulShutdown().get(60, TimeUnit.SECONDS), "no graceful end");
    System.out.printf("%s: %d records once each, %d shards%n", stream, seen.size(), shards());
  }

  private long shards() {
    return seen.values().stream().distinct().count();
  }

  private static void put(KinesisAsyncClient kinesis, String stream, int from) {
    List<PutRecordsRequestEntry> entries = IntStream.range(from, from + COUNT)
        .mapToObj(at -> PutRecordsRequestEntry.builder().partitionKey("key " + at)
            .data(SdkBytes.fromUtf8String("record " + at)).build())
        .toList();
    Clients.same(kinesis.putRecords(r -> r.streamName(stream).records(entries)).join().failedRecordCount(), 0);
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) throw new AssertionError(otherwise);
  }

  /** Notes who saw what. */
  private final class Processor implements ShardRecordProcessor {
    private String shard;

    @Override
    public void initialize(InitializationInput input) {
      shard = input.shardId();
    }

    @Override
    public void processRecords(ProcessRecordsInput input) {
      input.records().forEach(record -> {
        if (seen.putIfAbsent(record.partitionKey(), shard) != null) {
          System.err.println(record.partitionKey() + " came twice");
          System.exit(1);
        }
        parent.countDown();
        all.countDown();
      });
    }

    @Override
    public void leaseLost(LeaseLostInput input) {}

    @Override
    public void shardEnded(ShardEndedInput input) {
      endedShards.put(shard, true);
      try {
        input.checkpointer().checkpoint();
      } catch (Exception error) {
        throw new IllegalStateException(error);
      }
    }

    @Override
    public void shutdownRequested(ShutdownRequestedInput input) {
      try {
        input.checkpointer().checkpoint();
      } catch (Exception error) {
        throw new IllegalStateException(error);
      }
    }
  }
}
