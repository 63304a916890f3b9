import java.net.URI;
import java.util.Arrays;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;

/** Clients as a Java program makes them; they speak CBOR wherever AWS takes it. */
final class Clients {
  static final Region REGION = Region.US_EAST_1;
  static final StaticCredentialsProvider CREDENTIALS =
      StaticCredentialsProvider.create(AwsBasicCredentials.create("id", "secret"));

  private Clients() {}

  /** Over HTTP/2 (`h2`), the SDK's own choice for Kinesis, or over HTTP/1.1 (`h1`). */
  static KinesisAsyncClient kinesis(String endpoint, String protocol) {
    var http = NettyNioAsyncHttpClient.builder()
        .protocol("h2".equals(protocol) ? Protocol.HTTP2 : Protocol.HTTP1_1);
    return KinesisAsyncClient.builder()
        .endpointOverride(URI.create(endpoint))
        .region(REGION)
        .credentialsProvider(CREDENTIALS)
        .httpClientBuilder(http)
        .overrideConfiguration(c -> c.retryPolicy(r -> r.numRetries(0)))
        .build();
  }

  /** Fails unless both are equal; arrays by their elements. */
  static void same(Object found, Object wanted) {
    if (!Arrays.deepEquals(new Object[] {found}, new Object[] {wanted})) {
      throw new AssertionError(found + " is not " + wanted);
    }
  }
}
