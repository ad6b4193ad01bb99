"""The words in which a calculation of citizens' travel is explained."""

from issuance_svc.methodologies.calculation import words
from issuance_svc.methodologies.methodology import Glossary

GLOSSARY = Glossary(
    symbols={"grams": words("公众减排克数", "Citizens' grams")},
    origins=((r"aggregate (\S+)", r"公众减排量汇总 \1"),),
)
