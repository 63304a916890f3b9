import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What Java prints for patterns of DateTimeFormatter, as java-dates.json has it. Made with Java 17:
 * java test/firehose/naming/JavaDates.java > test/firehose/naming/java-dates.json
 */
class JavaDates {
  static final String[][] MOMENTS = {
    {"2024-02-29T23:59:59.999Z", "UTC"},
    {"2024-12-29T11:05:07.040Z", "UTC"},
    {"2024-12-28T12:00:00Z", "Europe/Vienna"},
    {"2025-03-30T00:59:59.001Z", "Europe/Vienna"},
    {"2025-03-30T01:00:00Z", "Europe/Vienna"},
    {"2025-10-26T01:30:00Z", "America/New_York"},
    {"2025-11-02T06:00:00Z", "America/New_York"},
    {"2022-12-31T18:30:00.5Z", "Asia/Kolkata"},
    {"2023-01-01T04:00:00Z", "America/St_Johns"},
    {"2027-01-01T10:15:00.123Z", "Pacific/Kiritimati"},
    {"2026-09-30T21:09:03.009Z", "Australia/Lord_Howe"},
    {"2026-05-05T00:00:00Z", "Etc/GMT+12"},
    {"1970-01-01T00:00:00Z", "UTC"},
    {"2005-08-14T15:45:30Z", "Asia/Kathmandu"},
    {"2026-06-30T16:20:10Z", "GMT"},
  };

  static final String[] PATTERNS = {
    "yyyy/MM/dd/HH/", "yyyy-MM-dd-HH-mm-ss", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "yyyyMMdd", "y", "yy", "yyy", "yyyyy",
    "u", "uu", "uuu", "uuuu", "uuuuuu", "G", "GG", "GGG", "GGGG", "GGGGG", "Y", "YY", "YYYY", "YYYY-'W'ww", "YYYYY",
    "M", "MM", "MMM", "MMMM", "MMMMM", "L", "LL", "LLL", "LLLL", "LLLLL", "d", "dd", "D", "DD", "DDD",
    "Q", "QQ", "QQQ", "QQQQ", "QQQQQ", "q", "qq", "qqq", "qqqq", "qqqqq", "w", "ww", "W", "F", "g", "gggggggg",
    "E", "EE", "EEE", "EEEE", "EEEEE", "e", "ee", "eee", "eeee", "eeeee", "c", "ccc", "cccc", "ccccc",
    "a", "h", "hh", "K", "KK", "k", "kk", "H", "HH", "m", "mm", "s", "ss", "S", "SS", "SSS", "SSSS", "SSSSSSSSS",
    "A", "AAAAAAAAAA", "n", "nn", "nnnnnnnnnnn", "N", "NNN", "NNNNNNNNNNNNNNNNNNN",
    "VV", "X", "XX", "XXX", "XXXX", "XXXXX", "x", "xx", "xxx", "xxxx", "xxxxx",
    "Z", "ZZ", "ZZZ", "ZZZZ", "ZZZZZ", "O", "OOOO",
    "ppH", "pppppppppMMMM", "pppppD", "'year='yyyy'/month='MM", "''yyyy''", "'it''s' HH", "'''quoted''' yy", "'a''b''c'",
    "yyyy[-MM[-dd]]", "[[yyyy", "yyyy/MM/dd é ü €", "h:mm a", "EEE, d MMM yyyy HH:mm:ss O", "yyyy_DDD=ww!*()",
    "b", "C", "T", "i", "yyyy-MM-ddTHH", "f", "'open", "yyyy]", "{yyyy}", "#", "pp-", "Hp", "ppppH p", "MMMMMM", "ddd",
    "DDDD", "EEEEEE", "cc", "eeeeee", "aa", "HHH", "SSSSSSSSSS", "V", "VVV", "OO", "XXXXXX", "xxxxxx", "ZZZZZZ", "WW",
    "www", "FF", "GGGGGG", "qqqqqq", "yyyyyyyyyyyyyyyyyyyy", "zzzzz", "", "AAAAAAAAAAAAAAAAAAAA",
  };

  public static void main(String[] arguments) {
    List<String> printed = new ArrayList<>();
    List<String> refused = new ArrayList<>();
    for (String pattern : PATTERNS) {
      try {
        DateTimeFormatter formatter = DateTimeFormatter.ofPattern(pattern, Locale.US);
        List<String> texts = new ArrayList<>();
        for (String[] moment : MOMENTS) {
          texts.add(quoted(formatter.format(ZonedDateTime.ofInstant(Instant.parse(moment[0]), ZoneId.of(moment[1])))));
        }
        printed.add("    " + quoted(pattern) + ": [" + String.join(", ", texts) + "]");
      } catch (RuntimeException refusal) {
        refused.add(quoted(pattern));
      }
    }
    List<String> moments = new ArrayList<>();
    for (String[] moment : MOMENTS) moments.add("    [" + quoted(moment[0]) + ", " + quoted(moment[1]) + "]");
    System.out.println("{");
    System.out.println("  \"moments\": [\n" + String.join(",\n", moments) + "\n  ],");
    System.out.println("  \"printed\": {\n" + String.join(",\n", printed) + "\n  },");
    System.out.println("  \"refused\": [" + String.join(", ", refused) + "]");
    System.out.println("}");
  }

  static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
