package dev.weftwork.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weftwork.command.Secret;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ThrownTest {

    private static final String SECRET = "k7Q2z9Xw4Rt1";

    private static Throwable hiding(Throwable e) {
        return Thrown.hiding(e, text -> Secret.of(SECRET).hideIn(text));
    }

    private static String printed(Throwable e) {
        var printed = new StringWriter();
        e.printStackTrace(new PrintWriter(printed));
        return printed.toString();
    }

    @Test
    void whatHasNothingToHideIsItself() {
        var cause = new IllegalArgumentException("no secret");
        var e = new IllegalStateException("none either", cause);

        assertThat(hiding(e)).isSameAs(e);
    }

    @Test
    void onlyThoseThatHaveSomethingToHideAreReplaced() {
        var harmless = new IllegalArgumentException("no secret");
        var e = new IllegalStateException(SECRET, harmless);

        assertThat(hiding(e)).hasToString("java.lang.IllegalStateException: ******");
        assertThat(hiding(e)).hasCause(harmless);
        assertThat(hiding(new IllegalStateException("outer", e)).getCause())
                .hasToString("java.lang.IllegalStateException: ******");
    }

    @Test
    void howeverDeepASecretIsItIsHidden() {
        Throwable e = new IllegalStateException(SECRET);
        for (int i = 0; i < 100; i++) {
            e = new IllegalStateException("outer " + i, e);
        }

        assertThat(printed(hiding(e))).contains("outer 0", "******").doesNotContain(SECRET);
    }

    /** Each of them is looked at a few times, not once for each way there. */
    @Test
    void circlesOfCausesHaveAnEnd() {
        var e = new IllegalStateException("outer");
        for (int i = 0; i < 50; i++) {
            e.addSuppressed(new IllegalArgumentException(i == 49 ? SECRET : "inner", e));
        }

        assertThat(printed(hiding(e))).contains("inner", "******").doesNotContain(SECRET);
    }

    @Test
    void oneThatSaysNothingOfItselfIsNamedByItsClass() {
        for (Throwable e : List.of(new Says(null), new Says("throw"))) {
            assertThat(Thrown.text(e)).isEqualTo(Says.class.getName());
            assertThat(hiding(e)).isSameAs(e);
        }
    }

    private static final class Says extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final @Nullable String text;

        Says(@Nullable String text) {
            this.text = text;
        }

        @Override
        @SuppressWarnings({"NullAway", "OverrideThrowableToString", "ToStringReturnsNull"
        }) // as code that isn't ours may
        public String toString() {
            if (text != null) {
                throw new IllegalStateException(text);
            }
            return null;
        }
    }
}
