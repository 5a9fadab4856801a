package dev.weftwork.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.weftwork.command.Output;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FrameReaderTest {

    private static final String NONCE = FrameReader.NONCE_START + "ab12-1";

    private final Output.Collector output = new Output.Collector(1_000);

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 8, 100})
    void findsTheMarkerHoweverTheStreamIsCut(int chunk) throws IOException {
        String look = "\u001e\u001eab12\u001eab12-2 7\nno newline";

        String status = read(look + NONCE + " 17\nlate", chunk);

        assertThat(status).isEqualTo("17");
        assertThat(output.soFar().text()).isEqualTo(look);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 8, 100})
    void findsOneMarkerAfterTheOther(int chunk) throws IOException {
        var reader = new FrameReader(chunked("noise" + NONCE + " begin\nout" + NONCE + " 0\nlate", chunk), NONCE);
        var noise = new Output.Collector(1_000);

        assertThat(reader.readToMarker(noise)).isEqualTo("begin");
        assertThat(reader.readToMarker(output)).isEqualTo("0");
        assertThat(noise.soFar().text()).isEqualTo("noise");
        assertThat(output.soFar().text()).isEqualTo("out");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 100})
    void aStreamThatEndsBeforeItsMarkerIsAllOutput(int chunk) throws IOException {
        String status = read("partial" + NONCE.substring(0, 4), chunk);

        assertThat(status).isNull();
        assertThat(output.soFar().text()).isEqualTo("partial" + NONCE.substring(0, 4));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 100})
    void aStatusThatIsCutOffIsNone(int chunk) throws IOException {
        assertThat(read("x" + NONCE + " 1", chunk)).isNull();
        assertThat(output.soFar().text()).isEqualTo("x");
    }

    @Test
    void whatComesBehindTheMarkerIsNotRead() throws IOException {
        var in = new ByteArrayInputStream((NONCE + " 0\n").getBytes(StandardCharsets.UTF_8)) {
            @Override
            public synchronized int read(byte[] buffer, int offset, int length) {
                if (available() == 0) {
                    throw new AssertionError("would block for ever: a background child holds the stream");
                }
                return super.read(buffer, offset, length);
            }
        };

        assertThat(new FrameReader(in, NONCE).readToMarker(output)).isEqualTo("0");
    }

    @Test
    void aNonceMustHaveItsStartOnce() {
        assertThatIllegalArgumentException().isThrownBy(() -> new FrameReader(InputStream.nullInputStream(), "ab"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new FrameReader(InputStream.nullInputStream(), NONCE + FrameReader.NONCE_START));
    }

    private @Nullable String read(String stream, int chunk) throws IOException {
        return new FrameReader(chunked(stream, chunk), NONCE).readToMarker(output);
    }

    private static InputStream chunked(String stream, int chunk) {
        return new ByteArrayInputStream(stream.getBytes(StandardCharsets.UTF_8)) {
            @Override
            public synchronized int read(byte[] buffer, int offset, int length) {
                return super.read(buffer, offset, Math.min(length, chunk));
            }
        };
    }
}
