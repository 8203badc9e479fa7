"""Public HJ 212 frames, each with where it was found; all verify with the checksum of annex A.

``standard``: examples printed in the standards, as public tests quote them with their page.
"""

from __future__ import annotations

ANNEX_A_2017 = "HJ 212-2017 附录A, quoted by tests of several public parsers (hj212_parser and others)"
ANNEX_A_2025 = "HJ 212-2025 附录A.1 第32页, quoted by a public codec's test_vectors.json"
T212 = "github.com/xiaoyao9184/hj-t212-parser, T212ParserTest.java"
ANSWER = "T212Mapper example of a public Java project: answer to data, 2017"
ANSWER_2025 = "test_validate_data_ack_accepts_matching_9014_packet of a public 2025 client"
E212 = "package e212 of a public Go server: frames of loggers in the field, with their checksums"
DUST_YC = "T1.java of a public dust platform (com.ep.yc.yctcpanalysis)"
DUST_PHP = "gateway() of a public PHP dust platform (Entrance::Dust)"
DUST = "Encrypt() test of a public C# library (StringExtension, CRC16_HJT212), dust monitor of a site"

GOLDEN: dict[str, tuple[str, str, str]] = {
    "interval-1C80": (
        ANNEX_A_2017,
        "QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&",
        "1C80",
    ),
    "time-2200": (
        ANNEX_A_2025,
        "QN=20240601085857223;ST=32;CN=1011;PW=123456;MN=010000A8900016F000169DC0;Flag=9;CP=&&&&",
        "2200",
    ),
    "old-4980": (
        T212,
        "ST=32;CN=2011;PW=123456;MN=LD130133000015;CP=&&DataTime=20160824003817000;B01-Rtd=36.91;"
        "011-Rtd=231.0,011-Flag=N;060-Rtd=1.803,060-Flag=N&&",
        "4980",
    ),
    "answer-C241": (
        ANSWER,
        "QN=20160801085000001;ST=91;CN=9014;PW=123456;MN=010000A8900016F000169DC0;Flag=4;CP=&&&&",
        "C241",
    ),
    "answer-0140": (
        ANSWER_2025,
        "QN=20260706103512345;ST=91;CN=9014;PW=123456;MN=A110000_0001;Flag=8;CP=&&&&",
        "0140",
    ),
    "dust-5440": (
        DUST,
        "QN=20180427125809000;ST=22;CN=2011;PW=123456;MN=LXHB0CS0306310;Flag=5;CP=&&DataTime=20180427125809;"
        "a34004-Rtd=75600.000,a34004-Flag=N;a34002-Rtd=140600.000,a34002-Flag=N;a34001-Rtd=178000.000,"
        "a34001-Flag=N;a01001-Rtd=24.8,a01001-Flag=N;a01002-Rtd=46.8,a01002-Flag=N;a01006-Rtd=101.380,"
        "a01006-Flag=N;a01007-Rtd=0.0,a01007-Flag=N;a01008-Rtd=25,a01008-Flag=N;LA-Rtd=57.9,LA-Flag=N&&",
        "5440",
    ),
    "dust-AF01": (
        DUST_YC,
        "QN=20191018104952418;ST=22;CN=2011;PW=123456;MN=ZX00001;Flag=5;CP=&&DataTime=20191018104900;"
        "a34002-Rtd=30,a34002-Flag=N;a34004-Rtd=25,a34004-Flag=N;a01001-Rtd=13.5,a01001-Flag=N;"
        "a01002-Rtd=43.8,a01002-Flag=N;a01008-Rtd=30,a01008-Flag=N;a01007-Rtd=3.5,a01007-Flag=N;"
        "a34001-Rtd=132,a34001-Flag=N;LA-Rtd=66.8,LA-Flag=N&&",
        "AF01",
    ),
    "dust-E541": (
        DUST_PHP,
        "QN=20180821142509000;ST=39;CN=2011;PW=123456;MN=690000D5800028F889221AC0;Flag=4;CP=&&"
        "DataTime=20180821142509;a34004-Rtd=0.0;a34002-Rtd=0.0;a34001-Rtd=0.0;LA-Rtd=0.0;a01001-Rtd=0.0;"
        "a01002-Rtd=0.0;a01006-Rtd=0.0;a01007-Rtd=0.0;a01008-Rtd=0&&",
        "E541",
    ),
    "start-47C0": (
        E212,
        "QN=20200428011552615;ST=31;CN=2081;PW=;MN=MYHJ00000000000080011128;Flag=4;CP=&&DataTime=20200428011552;"
        "RestartTime=20200425120954&&",
        "47C0",
    ),
    "voc-8701": (
        E212,
        "QN=20210521110212000;ST=31;CN=2011;PW=123456;MN=411420sibo0606;Flag=4;CP=&&DataTime=20210521110202;"
        "a01012-Rtd=32.42,a01012-ZsRtd=32.42,a01012-Flag=N;a05002-Rtd=1.45,a05002-ZsRtd=1.45,a05002-Flag=N;"
        "a01011-Rtd=0.54,a01011-ZsRtd=0.54,a01011-Flag=N;a01013-Rtd=103.79,a01013-ZsRtd=103.79,a01013-Flag=N;"
        "a24087-Rtd=39.00,a24087-ZsRtd=39.00,a24087-Flag=N;a01014-Rtd=2.53,a01014-ZsRtd=2.53,a01014-Flag=N;"
        "a24088-Rtd=37.55,a24088-ZsRtd=37.55,a24088-Flag=N;a00000-Rtd=3434,a00000-ZsRtd=3434,a00000-Flag=N&&",
        "8701",
    ),
    "packet-1-of-2-AE41": (
        E212,
        "QN=20201029122005355;ST=31;CN=2051;PW=123456;MN=WJTHGY91320509703697203A;Flag=7;PNUM=2;PNO=1;CP=&&"
        "DataTime=20201029121000;a00000-Min=0.000,a00000-Max=0.000,a00000-Avg=0.000,a00000-Cou=0.000,a00000-Flag=B;"
        "a01011-Min=0.000,a01011-Max=0.000,a01011-Avg=0.000,a01011-Cou=0.000,a01011-Flag=B;"
        "a01012-Min=0.000,a01012-Max=0.000,a01012-Avg=0.000,a01012-Cou=0.000,a01012-Flag=B;"
        "a01013-Min=0.000,a01013-Max=0.000,a01013-Avg=0.000,a01013-Cou=0.000,a01013-Flag=B;"
        "a01014-Min=0.000,a01014-Max=0.000,a01014-Avg=0.000,a01014-Cou=0.000,a01014-Flag=B;"
        "a19001-Min=0.000,a19001-Max=0.000,a19001-Avg=0.000,a19001-Cou=0.000,a19001-Flag=B;"
        "a21002-Min=0.000,a21002-Max=0.000,a21002-Avg=0.000,a21002-Cou=0.000,a21002-ZsMin=0.000,"
        "a21002-ZsMax=0.000,a21002-ZsAvg=0.000,a21002-ZsCou=0.000,a21002-Flag=B;"
        "a21005-Min=0.000,a21005-Max=0.000,a21005-Avg=0.000,a21005-Cou=0.000,a21005-ZsMin=0.000,"
        "a21005-ZsMax=0.000,a21005-ZsAvg=0.000,a21005-ZsCou=0.000,a21005-Flag=B&&",
        "AE41",
    ),
}  # fmt: skip

WITHOUT_PACKET_NUMBERS = (
    "TestHjtDecoder_Decoder of a public Go gateway: Flag=7 promises packet numbers that are not there",
    "QN=20200814151600001;ST=22;CN=2011;PW=123456;MN=010000A8900016F000169DC0;Flag=7;CP=&&"
    "DataTime=20200814151600;LA-td=50.1,LA-Flag=N;a34004-Rtd=207,a34004-Flag=N;a34002-Rtd=295,a34002-Flag=N;"
    "a01001-Rtd=12.6,a01001-Flag=N;a01002-Rtd=32,a01002-Flag=N;a01006-Rtd=101.02,a01006-Flag=N;"
    "a01007-Rtd=2.1,a01007-Flag=N;a01008-Rtd=120,a01008-Flag=N;a34001-Rtd=217,a34001-Flag=N;&&",
    "5CC0",
)


def golden(name: str) -> bytes:
    """The bytes of a golden frame."""
    _, segment, check = GOLDEN[name]
    return f"##{len(segment):04d}{segment}{check}\r\n".encode()


WRONG_CHECK = (
    "TestParseValidFrom of package e212: printed with 33EC, which is not the checksum of annex A",
    "QN=20200721093700136;ST=22;CN=2011;PW=123456;MN=MYHJ00000000000080011129;Flag=4;CP=&&"
    "DataTime=20200721093700;a99054-Rtd=190.000;a01001-Rtd=0.000;a01002-Rtd=0.000;a01006-Rtd=0.000;"
    "a01007-Rtd=0.000;a01008-Rtd=0.000&&",
    "33EC",
)
