import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.joda.time.DateTimeZone;
import org.joda.time.MutableDateTime;
import org.joda.time.chrono.ISOChronology;
import org.joda.time.format.DateTimeFormat;
import org.joda.time.format.DateTimeFormatter;

/**
 * What Joda time reads by patterns of DateTimeFormat, as Hive asks it, as joda-times.json has it. Made with Joda time 2.10:
 * java -cp joda-time.jar test/firehose/format/parquet/JodaTimes.java > test/firehose/format/parquet/joda-times.json
 */
class JodaTimes {
  /** A pattern, and texts. */
  static final String[][] CASES = {
    {"yyyy-MM-dd", "2024-02-29", "2023-02-29", "24-02-29", "5-1-1", "0-1-1", "12024-01-02", "-24-01-02", "+2024-01-02", "--24-01-02",
      "2024-1-2", "2024-001-02", "2024-13-01", "2024-01-00", "2024-01-02 ", " 2024-01-02", "2024-01"},
    {"yy-MM-dd", "24-02-29", "2024-02-29", "5-01-02", "-24-01-02", "+24-01-02", "024-01-02", "00-01-02", "x-01-02"},
    {"yyMMdd", "240229", "20240229", "24229", "2402291", "+240229"},
    {"yyyyMMdd", "20240229", "240229", "2024229", "202402290", "-20240229", "120240229"},
    {"yMMdd", "40229", "20240229", "-40229"},
    {"yyyyMd", "202411", "2024111", "20241111"},
    {"yyyyMMMdd", "2024feb29", "24feb29", "2024February1"},
    {"YYYY-MM", "2024-02", "0-02", "24-02", "-24-02"},
    {"YY/MM", "24/02", "2024/02", "5/02"},
    {"dMyyyy", "112024", "11112024", "1124"},
    {"MM/dd/yyyy", "2/3/24", "02/03/2024", "02/03/02024"},
    {"dd MMM yyyy", "02 Feb 2024", "02 FEB 2024", "02 feb 2024", "02 fEb 2024", "02 February 2024", "02 Febr 2024"},
    {"dd MMMM yyyy", "02 February 2024", "02 Feb 2024", "02 MAY 2024", "02 2 2024"},
    {"EEE, dd MMM yyyy", "Fri, 02 Feb 2024", "Mon, 02 Feb 2024", "Friday, 02 Feb 2024", "fri, 02 Feb 2024", "Fre, 02 Feb 2024"},
    {"EEEE", "Monday", "thu", "SUN"},
    {"yyyy D", "2024 366", "2023 366", "2024 0", "2024 1", "2024 0060", "24 60"},
    {"yyyy-DDD-dd", "2024-060-01", "2023-365-32", "2023-060-30"},
    {"HH:mm:ss", "23:59:59", "24:00:00", "1:2:3", "23:60:00", "23:59:60", "001:00:00"},
    {"kk:mm", "24:05", "0:05", "25:05", "1:00"},
    {"h:mm a", "12:05 AM", "12:05 pm", "1:05 Pm", "13:05 PM", "0:05 AM"},
    {"K:mm a", "0:05 PM", "11:05 AM", "12:05 AM"},
    {"a h", "PM 3", "AM 12"},
    {"HH h", "15 4", "15 3", "03 12"},
    {"H K a", "5 3 PM", "13 0 AM"},
    {"ss.SSS", "1.5", "1.25", "1.250", "1.2500", "1."},
    {"HHmmss", "235959", "23595", "2359"},
    {"HHmmssSSS", "235959123", "2359591"},
    {"yyyy-MM-dd'T'HH:mm:ss.SSSZ", "2024-02-29T23:05:01.250+0130", "2024-02-29t23:05:01.2-01:30", "2024-02-29T23:05:01.2Z",
      "2024-02-29T23:05:01.2z", "2024-02-29T23:05:01.2+01", "2024-02-29T23:05:01.2", "2024-02-29T23:05:01.2+24"},
    {"HHZZ", "05+01:30:15", "05+013015", "05+01:30:15.5", "05+01:30:15,25", "05+013015250", "05+0130.5", "05+1", "05+01:", "05+01:60",
      "05-0000", "05+01:30:1", "05+01301"},
    {"Zmm", "+0130", "+013005", "+01 30", "Z30", "+010"},
    {"yyyy 'o''clock' '' H", "2024 o'clock ' 7", "2024 O'CLOCK ' 7", "2024 oclock ' 7"},
    {"''''yyyy", "''2024", "'2024"},
    {"yyyy''MM", "2024'02", "2024''02"},
    {"[yyyy].(MM)+$^|\\", "[2024].(02)+$^|\\", "[2024]x(02)+$^|\\"},
    {"yyyy.MM", "2024.02", "2024x02"},
    {"'\u00fc'yyyy", "\u00fc2024", "\u00dc2024", "u2024"},
  };

  public static void main(String[] arguments) {
    Locale.setDefault(Locale.US);
    DateTimeZone.setDefault(DateTimeZone.UTC);
    List<String> lines = new ArrayList<>();
    for (String[] each : CASES) {
      DateTimeFormatter format = DateTimeFormat.forPattern(each[0]);
      for (int index = 1; index < each.length; index++) {
        lines.add("  [" + quoted(each[0]) + ", " + quoted(each[index]) + ", " + read(format, each[index]) + "]");
      }
    }
    System.out.println("[\n" + String.join(",\n", lines) + "\n]");
  }

  /** Milliseconds since 1970 of a text that is read to its end. */
  static String read(DateTimeFormatter format, String text) {
    MutableDateTime time = new MutableDateTime(0, ISOChronology.getInstance());
    try {
      return format.parseInto(time, text, 0) == text.length() ? Long.toString(time.getMillis()) : "null";
    } catch (IllegalArgumentException refusal) {
      return "null";
    }
  }

  static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (char each : text.toCharArray()) {
      if (each == '"' || each == '\\') quoted.append('\\').append(each);
      else if (each > 126) quoted.append(String.format("\\u%04x", (int) each));
      else quoted.append(each);
    }
    return quoted.append('"').toString();
  }
}
