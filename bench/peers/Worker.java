import com.amazonaws.services.dynamodbv2.AcquireLockOptions;
import com.amazonaws.services.dynamodbv2.AcquireLockOptions.AcquireLockOptionsBuilder;
import com.amazonaws.services.dynamodbv2.AmazonDynamoDBLockClient;
import com.amazonaws.services.dynamodbv2.AmazonDynamoDBLockClientOptions;
import com.amazonaws.services.dynamodbv2.LockItem;
import com.amazonaws.services.dynamodbv2.model.LockCurrentlyUnavailableException;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/**
 * A process with locks of the lock client for Java, which does what its input asks for (library.ts).
 * Arguments: endpoint, table, table for the SDK alone, lease in seconds.
 */
public final class Worker {
    private static final long WAIT_MS = 3_600_000;

    private final DynamoDbClient client;
    private final AmazonDynamoDBLockClient locks;
    private final String floorTable;
    private final Map<String, LockItem> held = new ConcurrentHashMap<>();
    private final ExecutorService threads = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        return thread;
    });

    private Worker(String endpoint, String table, String floorTable, long leaseSeconds) {
        this.floorTable = floorTable;
        client = DynamoDbClient.builder().endpointOverride(URI.create(endpoint)).region(Region.EU_WEST_1).build();
        locks = new AmazonDynamoDBLockClient(AmazonDynamoDBLockClientOptions.builder(client, table)
                .withPartitionKeyName("key")
                .withTimeUnit(TimeUnit.MILLISECONDS)
                .withLeaseDuration(leaseSeconds * 1000)
                // As often as by default, which is four times a lease.
                .withHeartbeatPeriod(leaseSeconds * 250)
                .withCreateHeartbeatBackgroundThread(true)
                .build());
    }

    public static void main(String[] args) throws Exception {
        Worker worker = new Worker(args[0], args[1], args[2], Long.parseLong(args[3]));
        worker.say("0 ok");
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] words = line.split(" ");
            worker.threads.submit(() -> worker.answer(words));
        }
        Runtime.getRuntime().halt(0);
    }

    private synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    private void answer(String[] words) {
        try {
            StringBuilder answer = new StringBuilder(words[0]).append(" ok");
            for (double number : carryOut(words[1], Arrays.copyOfRange(words, 2, words.length))) {
                answer.append(' ').append(number);
            }
            say(answer.toString());
        } catch (Exception | Error error) {
            say(words[0] + " error " + error.toString().replace('\n', ' '));
        }
    }

    private List<Double> carryOut(String command, String[] args) throws Exception {
        switch (command) {
            case "prepare":
                return List.of();
            case "acquire":
                held.put(args[0], acquire(args[0]));
                return List.of();
            case "release":
                locks.releaseLock(held.remove(args[0]));
                return List.of();
            case "try":
                return List.of(isGranted(args[0]) ? 1.0 : 0.0);
            case "cycles":
                return timed(Integer.parseInt(args[0]), () -> locks.releaseLock(acquire("cycle")));
            case "floor":
                return timed(Integer.parseInt(args[0]), this::putAndDelete);
            case "callers":
                return contend(args);
            default:
                throw new IllegalArgumentException("no such command: " + command);
        }
    }

    private interface Step {
        void run() throws Exception;
    }

    private static List<Double> timed(int count, Step step) throws Exception {
        long started = System.nanoTime();
        for (int round = 0; round < count; round += 1) step.run();
        return List.of((System.nanoTime() - started) / 1e6);
    }

    private static AcquireLockOptionsBuilder options(String lock) {
        return AcquireLockOptions.builder(lock).withTimeUnit(TimeUnit.MILLISECONDS);
    }

    private LockItem acquire(String lock) throws InterruptedException {
        return locks.acquireLock(options(lock).withAdditionalTimeToWaitForLock(WAIT_MS).build());
    }

    private boolean isGranted(String lock) throws InterruptedException {
        try {
            Optional<LockItem> item = locks.tryAcquireLock(options(lock).withShouldSkipBlockingWait(true).build());
            item.ifPresent(granted -> held.put(lock, granted));
            return item.isPresent();
        } catch (LockCurrentlyUnavailableException refused) {
            return false;
        }
    }

    private void putAndDelete() {
        AttributeValue guid = AttributeValue.fromS(UUID.randomUUID().toString());
        AttributeValue key = AttributeValue.fromS("floor");
        client.putItem(put -> put.tableName(floorTable)
                .item(Map.of(
                        "lockKey", key,
                        "guid", guid,
                        "owner", AttributeValue.fromS("bench"),
                        "lease", AttributeValue.fromN("20000")))
                .conditionExpression("attribute_not_exists(lockKey)"));
        client.deleteItem(delete -> delete.tableName(floorTable)
                .key(Map.of("lockKey", key))
                .conditionExpression("guid = :guid")
                .expressionAttributeValues(Map.of(":guid", guid)));
    }

    private List<Double> contend(String[] args) throws InterruptedException {
        int count = Integer.parseInt(args[1]);
        Contention contention =
                new Contention(args[0], count, Integer.parseInt(args[2]), (long) Double.parseDouble(args[3]));
        for (int caller = 0; caller < count; caller += 1) {
            int number = caller;
            threads.submit(() -> contention.live(number));
        }
        contention.running.await((long) Double.parseDouble(args[4]), TimeUnit.MILLISECONDS);
        return contention.result();
    }

    private final class Contention {
        private final CountDownLatch running;
        private final String lock;
        private final int cycles;
        private final long workMs;
        private final long started = System.nanoTime();
        private final List<Double> ends = new ArrayList<>();
        private int done;
        private int handOvers;
        private int inside;
        private int last = -1;
        private String failure;

        private Contention(String lock, int callers, int cycles, long workMs) {
            this.running = new CountDownLatch(callers);
            this.lock = lock;
            this.cycles = cycles;
            this.workMs = workMs;
        }

        private void live(int caller) {
            try {
                for (int cycle = 0; cycle < cycles; cycle += 1) {
                    LockItem item = acquire(lock);
                    enter(caller);
                    Thread.sleep(workMs);
                    leave();
                    locks.releaseLock(item);
                    count();
                }
                end();
            } catch (Exception error) {
                fail(error.toString());
            } finally {
                running.countDown();
            }
        }

        private synchronized void enter(int caller) {
            inside += 1;
            if (inside != 1) throw new IllegalStateException("two callers hold one lock");
            if (last != caller) handOvers += 1;
            last = caller;
        }

        private synchronized void leave() {
            inside -= 1;
        }

        private synchronized void count() {
            done += 1;
        }

        private synchronized void end() {
            ends.add((System.nanoTime() - started) / 1e6);
        }

        private synchronized void fail(String why) {
            failure = why;
        }

        private synchronized List<Double> result() {
            if (failure != null) throw new IllegalStateException(failure);
            List<Double> result = new ArrayList<>(List.of((double) done, (double) handOvers));
            result.addAll(ends);
            return result;
        }
    }
}
